package protocol_test

import (
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/protocol"
)

// dirtyFor is how long loads run among dirty sessions: a second and as long as it
// takes to see each kind, or what SOAK_DIRTY says.
//
//	SOAK_DIRTY=2m go test -run 'DirtySessions|RealServers_Serve' -timeout 4h -v ./soak/protocol
var dirtyFor = func() time.Duration {
	if text := os.Getenv("SOAK_DIRTY"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			panic(err)
		}
		return d
	}
	return time.Second
}()

// All variants of all protocols are driven at once and slowly: what takes the time
// is that each must see some dirty sessions of each kind.
func TestDirtySessions_CleanOnesPass(t *testing.T) {
	startDestinations()
	withoutGC(t)
	var all []variant
	var servers []apart
	for _, name := range protocol.Names() {
		ofOne := variants(name, func(_ protocol.Protocol, variant string) bool { return !strings.Contains(variant, `"mode"`) })
		all, servers = append(all, ofOne...), append(servers, serveApart(t, ofOne)...)
	}
	fds, goroutines := held()
	var loads []soak.Workload
	var closers []func()
	for i, v := range all {
		w, closeDestination := aimed(t, workload(t, v.Protocol, servers[i], v.options))
		w.Name = v.name
		loads, closers = append(loads, w), append(closers, closeDestination)
	}
	amongDirty(t, loads)
	for _, closeDestination := range closers {
		closeDestination() // the server keeps the connection for silent clients
	}
	backTo(t, fds, goroutines)
}

// amongDirty drives clean sessions among dirty ones of all kinds that the
// protocols of the loads have. None of the clean ones may fail.
func amongDirty(t *testing.T, loads []soak.Workload) {
	t.Helper()
	share, operations := 0.1, int64(50)
	if dirtyFor < 10*time.Second {
		share, operations = 0.4, 25 // some of each kind nevertheless
	}
	loads = slices.Clone(loads)
	for i := range loads {
		w := &loads[i]
		// 40 operations a second of all loads: handshakes of dirty sessions come on
		// top, and a machine that cannot hold the rate ends handshakes too late.
		w.Rate, w.Concurrency, w.PerSession, w.Timeout = min(25, 40/float64(len(loads))), 25, 5, patience
		if w.Rate < 5 {
			w.Concurrency = 5 // more sessions would each be idle for longer than servers keep an association
		}
		w.Dirty = dirtyKinds(t, *w, share)
	}
	d := drive(t)
	begun := time.Now()
	d.start(loads...)
	d.within(dirtyFor+patience, fmt.Sprintf("%d operations of each load and the end of the dirty load", operations), func(t soak.Tally) bool {
		return time.Since(begun) >= dirtyFor && len(t.Loads) > 0 && !slices.ContainsFunc(t.Loads, func(l soak.LoadTally) bool { return l.Operations < operations })
	})
	d.send(soak.Command{Do: soak.DoDrain})
	d.until("drained", func(t soak.Tally) bool { return t.State == "drained" })
	for i, w := range loads {
		checkDirty(t, w, d.last.Loads[i], share)
	}
	if strings.Contains(d.warned, " fail: ") {
		t.Error(d.warned)
	}
	d.stop()
}

// checkDirty compares the dirty sessions of a load with those that it planned.
func checkDirty(t *testing.T, w soak.Workload, got soak.LoadTally, share float64) {
	t.Helper()
	sessions := float64(got.Due) / float64(w.PerSession) * share * float64(len(w.Dirty))
	late := float64(got.Late) / float64(got.Due) // on a busy machine: not started, dirty or clean
	var dirty float64
	for _, n := range got.Dirty {
		dirty += float64(n)
	}
	chance := 4 * math.Sqrt(sessions) // they are drawn
	if dirty < 0.8*sessions*(1-late)-chance || dirty > sessions+chance || dirty == 0 || got.Failed > 0 || len(w.Dirty) < 3 {
		t.Errorf("%s: %v dirty of %v, %.0f planned; %+v", w.Name, got.Dirty, slices.Sorted(maps.Keys(w.Dirty)), sessions, got)
	}
	t.Logf("%s: %d operations, %v dirty sessions of %d kinds, %d late", w.Name, got.Operations, got.Dirty, len(w.Dirty), got.Late)
}

// dirtyKinds gives each kind of dirty sessions that a load can have its share.
func dirtyKinds(t *testing.T, w soak.Workload, share float64) map[string]float64 {
	t.Helper()
	p, _ := protocol.Lookup(w.Protocol)
	kinds := map[string]float64{}
	for _, kind := range p.Dirty {
		w.Dirty = map[string]float64{kind: share}
		if opener, err := protocol.Open(w); err == nil {
			kinds[kind] = share
			opener.Close()
		} // else not in this variant
	}
	return kinds
}
