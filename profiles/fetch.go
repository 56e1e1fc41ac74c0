// Package profiles fetches pprof profiles and goroutine dumps from a running Go
// program over its /debug/pprof/ pages, and ranks the call sites and goroutines
// that grow over all snapshots of a run. To rank stored profiles, [Parse] each one,
// add it to a [Course], and call [Course.Rank].
//
// The opinion: a profile is evidence, so it is stored byte for byte as it was
// fetched, and only if it is complete. The check walks the outermost level of the
// protobuf message (github.com/google/pprof, proto/profile.proto) and verifies the
// checksum of the gzip stream, but does not parse the elements: a fetch must cost
// the monitor little.
//
// Growth is the robust slope of each site over all snapshots, not the difference
// of two: the relative error of a site in one heap profile is √(rate/bytes), about
// 10 % at 50 MB and 100 % at 512 KiB. A site is named if its slope is significant
// among all sites (with a bounded rate of false discoveries) and continues to the
// end. A site that grows by less than about ten samples of the profiler in a run,
// 5 MB, cannot be named.
//
// The limits: a fetch takes at most 30 s, plus the seconds that a profile over time
// samples, and 64 MiB. [soak.ProfileMeta] records the cost to the target: its CPU
// seconds during the fetch, including its other work, and on request the longest
// stop-the-world pause of a forced collection.
package profiles

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/shirou/gopsutil/v3/process"

	"soakmon/soak"
	"soakmon/soak/fetch"
)

const (
	timeLimit = 30 * time.Second // of a fetch by default, in addition to Options.Seconds
	sizeLimit = 64 << 20         // bytes
)

var (
	// ErrNotServed means that the process does not serve profiles of this
	// kind: its pprof URL is unknown, or the answer is 404.
	ErrNotServed = errors.New("profile is not served")
	// ErrNotProfile means that the bytes are not a complete profile.
	ErrNotProfile = errors.New("not a profile")
)

// Options are how to take a profile.
type Options struct {
	GC      bool // heap and allocs: force a garbage collection first, so that the profile is current
	Pause   bool // with GC: also read the length of the stop-the-world pause. It costs the target a heap page in text form, and some allocation
	Seconds int  // cpu: how long to sample; 0 is 1. Other kinds: length of a difference profile; 0 is since the start

	Within time.Duration // time limit of the answer, in addition to Seconds; 0 is 30 s
}

// A page is the page at which net/http/pprof serves a kind of profile.
type page struct {
	path  string
	query url.Values
	check func([]byte) error
}

func pageOf(kind string, o Options) (page, error) {
	p := page{path: kind, query: url.Values{}, check: checkProfile}
	switch kind {
	case "heap", "allocs":
		if o.GC {
			p.query.Set("gc", "1")
		}
	case "goroutine", "goroutineleak", "threadcreate", "mutex", "block":
	case "goroutine_dump":
		p.path, p.check = "goroutine", checkDump
		p.query.Set("debug", "2")
		return p, nil
	case "cpu":
		p.path = "profile"
		o.Seconds = max(o.Seconds, 1)
	default:
		return page{}, fmt.Errorf("invalid profile kind %q: use one of %v", kind, Kinds)
	}
	if o.Seconds > 0 {
		p.query.Set("seconds", strconv.Itoa(o.Seconds))
	}
	return p, nil
}

// Kinds are the kinds of profile that [Fetch] knows. A goroutine_dump is the
// text with the stack of every goroutine. The target is stopped while it is written,
// about 7 µs per goroutine, so only use it with few goroutines.
var Kinds = []string{"heap", "allocs", "goroutine", "goroutine_dump", "goroutineleak", "threadcreate", "mutex", "block", "cpu"}

// Fetch takes one profile of p. Errors are those of [fetch.Get], or wrap
// [ErrNotServed] or [ErrNotProfile]. The caller sets At and Why of the meta data;
// CPU is 0 if the system does not report it.
func Fetch(ctx context.Context, p soak.Process, kind string, o Options) (soak.ProfileMeta, []byte, error) {
	page, err := pageOf(kind, o)
	if err != nil {
		return soak.ProfileMeta{}, nil, err
	}
	if p.Pprof == "" {
		return soak.ProfileMeta{}, nil, fmt.Errorf("%s of the %s: %w: no pprof URL is set", kind, p.Role, ErrNotServed)
	}
	meta := soak.ProfileMeta{Wall: time.Now(), Process: p.Role, Kind: kind, GC: page.query.Has("gc")}
	cpu := cpuSeconds(ctx, p)
	b, err := get(ctx, p.Pprof, page, cmp.Or(o.Within, timeLimit)+time.Duration(o.Seconds)*time.Second)
	if err != nil {
		return soak.ProfileMeta{}, nil, fmt.Errorf("%s of the %s: %w", kind, p.Role, err)
	}
	meta.Size = len(b)
	meta.Took = time.Since(meta.Wall)
	if meta.GC && o.Pause {
		meta.Pause = pauseOf(ctx, p.Pprof, meta.Wall)
	}
	meta.CPU = soak.Float(max(cpuSeconds(ctx, p)-cpu, 0))
	return meta, b, nil
}

// GC forces a garbage collection of the process by fetching a heap profile: the
// runtime serves no page for a collection alone.
func GC(ctx context.Context, p soak.Process) error {
	_, _, err := Fetch(ctx, p, "heap", Options{GC: true})
	return err
}

func get(ctx context.Context, base string, p page, within time.Duration) ([]byte, error) {
	address, err := fetch.Below(base, p.path, p.query)
	if err != nil {
		return nil, err
	}
	b, err := fetch.Get(ctx, address, fetch.Limits{Time: within, Bytes: sizeLimit})
	var status *fetch.StatusError
	if errors.As(err, &status) && status.Code == http.StatusNotFound {
		return nil, fmt.Errorf("%w: %w", ErrNotServed, err)
	}
	if err != nil {
		return nil, err
	}
	if err := p.check(b); err != nil {
		return nil, fmt.Errorf("answer of %d bytes: %w", len(b), err)
	}
	return b, nil
}

// cpuSeconds is the CPU time of the process without its children, 0 if unknown.
func cpuSeconds(ctx context.Context, p soak.Process) float64 {
	proc, err := process.NewProcessWithContext(ctx, int32(p.PID))
	if err != nil {
		return 0
	}
	times, err := proc.TimesWithContext(ctx)
	if err != nil {
		return 0
	}
	return times.User + times.System
}
