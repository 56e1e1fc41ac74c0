package protocol_test

import (
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

// dirtyFor is how long each load goes on among dirty sessions: a second, or what
// SOAK_DIRTY says, against all servers one after the other:
//
//	SOAK_DIRTY=2m go test -run 'DirtySessions|RealServersServe' -timeout 4h -v ./soak/protocol
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

func TestDirtySessionsHurtNoCleanOnes(t *testing.T) {
	everyProtocol(t, func(t *testing.T, p protocol.Protocol, o soak.Options) {
		withoutGC(t)
		w := workload(t, p, serveApart(t, p, o), o)
		fds, goroutines := held()
		w, closeDestination := aimed(t, w)
		amongDirty(t, w)
		closeDestination() // the server holds on to it for silent clients
		backTo(t, fds, goroutines)
	})
}

// amongDirty drives clean sessions among dirty ones of all kinds that the load's
// protocol has. None of the clean ones may fail.
func amongDirty(t *testing.T, w soak.Workload) {
	t.Helper()
	w.Rate, w.Concurrency, w.PerSession, w.Timeout = 50, 50, 5, 20*time.Second
	share := 0.1
	if dirtyFor < 10*time.Second {
		share = 0.2 // some of each kind nevertheless
	}
	w.Dirty = dirtyKinds(t, w, share)
	d := drive(t)
	begun := time.Now()
	d.start(w)
	d.within(dirtyFor+20*time.Second, "50 operations and the end of the dirty load", func(t soak.Tally) bool {
		return time.Since(begun) >= dirtyFor && len(t.Loads) > 0 && t.Loads[0].Operations >= 50
	})
	d.send(soak.Command{Do: soak.DoDrain})
	d.until("drained", func(t soak.Tally) bool { return t.State == "drained" })
	got := d.last.Loads[0]
	sessions := float64(got.Due) / float64(w.PerSession) * share * float64(len(w.Dirty))
	late := float64(got.Late) / float64(got.Due) // on a busy machine: not started, dirty or clean
	var dirty float64
	for _, n := range got.Dirty {
		dirty += float64(n)
	}
	chance := 4 * math.Sqrt(sessions) // they are drawn
	if dirty < 0.8*sessions*(1-late)-chance || dirty > sessions+chance || dirty == 0 || got.Failed > 0 || len(w.Dirty) < 3 || strings.Contains(d.warned, " fail: ") {
		t.Errorf("%v dirty of %v, %.0f planned; %+v; %s", got.Dirty, slices.Sorted(maps.Keys(w.Dirty)), sessions, got, d.warned)
	}
	t.Logf("%d operations, %v dirty sessions of %d kinds, %d late in %.0f s", got.Operations, got.Dirty, len(w.Dirty), got.Late, time.Since(begun).Seconds())
	d.stop()
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
