package contender

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/pprof/profile"

	"soakmon/profiles"
	"soakmon/soak"
	"soakmon/soak/bench"
)

const (
	profileSeconds = 2
	profileBusy    = profileSeconds*time.Second + 300*time.Millisecond // the profile begins a moment later
	profileTop     = 6                                                 // functions that are printed
)

// Profile takes CPU profiles of both sides of each contender while it transfers
// both ways, apart from what was measured, and adds the top functions to its row.
func (b *Set) Profile(ctx context.Context, rows []bench.Row) (kept []bench.Profile) {
	for i, c := range b.Contenders {
		client, ok := c.Client.(*clientProcess)
		if !ok || ctx.Err() != nil {
			continue // iperf3 serves no profiles
		}
		server, err := c.Server.(interface{ process() (soak.Process, error) }).process()
		if err != nil {
			rows[i].Notes = append(rows[i].Notes, fmt.Sprintf("%s: %v", c.Name, err))
			continue
		}
		sides := map[string]soak.Process{"server": server, "client": client.speaker()}
		for _, got := range profileSides(ctx, c, sides) {
			if got.err != nil {
				rows[i].Notes = append(rows[i].Notes, fmt.Sprintf("%s: CPU profile of the %s: %v", c.Name, got.side, got.err))
				continue
			}
			got.meta.Process, got.meta.Why = c.Name+" "+got.side, soak.ProfileOperator
			kept = append(kept, bench.Profile{Meta: got.meta, Data: got.data})
			rows[i].Hot = append(rows[i].Hot, got.hot...)
		}
	}
	return kept
}

type sideProfile struct {
	side string
	meta soak.ProfileMeta
	data []byte
	hot  []bench.Hot
	err  error
}

// profileSides profiles while the client transfers.
func profileSides(ctx context.Context, c bench.Contender, sides map[string]soak.Process) []sideProfile {
	got := []sideProfile{{side: "server"}, {side: "client"}}
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() {
			one := &got[i]
			one.meta, one.data, one.err = profiles.Fetch(ctx, sides[one.side], "cpu", profiles.Options{Seconds: profileSeconds})
			if one.err == nil {
				one.hot, one.err = hottest(one.side, one.data)
			}
		})
	}
	if err := bench.Busy(ctx, c, profileBusy); err != nil {
		for i := range got {
			got[i].err = err
		}
	}
	all.Wait()
	return got
}

// hottest are the functions in which most samples lie, what they call left out.
func hottest(side string, data []byte) ([]bench.Hot, error) {
	p, err := profile.Parse(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	flat := map[string]float64{}
	var sum float64
	for _, s := range p.Sample {
		if len(s.Location) == 0 || len(s.Location[0].Line) == 0 || len(s.Value) == 0 {
			continue
		}
		v := float64(s.Value[len(s.Value)-1])
		sum += v
		flat[s.Location[0].Line[0].Function.Name] += v
	}
	var top []bench.Hot
	for name, v := range flat {
		top = append(top, bench.Hot{Side: side, Function: name, Share: v / sum})
	}
	slices.SortFunc(top, func(a, b bench.Hot) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Function, b.Function))
	})
	return top[:min(len(top), profileTop)], nil
}
