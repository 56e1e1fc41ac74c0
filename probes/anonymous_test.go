//go:build linux

package probes

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"soakmon/soak"
)

// reserve takes address space that nothing else of this process is next to.
func reserve(t *testing.T, size int) []byte {
	t.Helper()
	b, err := unix.Mmap(-1, 0, size, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(b) })
	return b
}

// use lets b be used, and uses it.
func use(t *testing.T, b []byte) {
	t.Helper()
	if err := unix.Mprotect(b, unix.PROT_READ|unix.PROT_WRITE); err != nil {
		t.Fatal(err)
	}
	for i := range b {
		b[i] = 1
	}
}

func TestMappings_GrowthVersusMore(t *testing.T) {
	s := open(t, soak.Process{Role: soak.RoleTarget, PID: os.Getpid()})
	read := func() map[string]float64 {
		samples, events := s.ReadAll(t.Context())
		if len(events) > 0 {
			t.Errorf("%+v", events)
		}
		return values(samples)
	}
	// The rest of this process takes some MiB, with the race detector.
	const size, n, noise = 1<<20 + 4<<10, 4 * alike, 8 << 20
	few := reserve(t, 65<<20)[68<<10:] // where no arena of malloc begins
	use(t, few[:1<<20])
	many := reserve(t, 2*n*size)
	before := read()

	use(t, few[:33<<20])
	grown := read()
	if got := grown["anonymous_mapping_grown_bytes"] - before["anonymous_mapping_grown_bytes"]; got < 32<<20-noise || got > 32<<20+noise {
		t.Errorf("a mapping grew by 32 MiB, told %v", got)
	}

	for i := range n {
		use(t, many[2*i*size:(2*i+1)*size])
	}
	after := read()
	if got := after[fmt.Sprintf("anonymous_mappings_size{size=\"%d\"}", size)]; got != n {
		t.Errorf("%v mappings of %d, want %d", got, size, n)
	}
	if got := after["anonymous_mapping_grown_bytes"] - grown["anonymous_mapping_grown_bytes"]; got > noise {
		t.Errorf("no mapping grew, told %v", got)
	}
	if got := after["anonymous_mappings"] - grown["anonymous_mappings"]; got < n/2 || got > 2*n {
		t.Errorf("%v more mappings, want about %d", got, n)
	}
}

func TestMappings_NameKept(t *testing.T) {
	r := &regions{}
	r.add(mapping{from: 100, to: 200}, 1)
	r.add(mapping{from: 300, to: 400}, 1)
	r.grown()
	for m, want := range map[mapping]bool{{from: 50, to: 101}: true, {from: 199, to: 300}: true, {from: 200, to: 300}: false, {from: 399, to: 500}: true, {from: 400, to: 500}: false, {from: 0, to: 100}: false} {
		if r.knows(m) != want {
			t.Errorf("%+v: want %v", m, want)
		}
	}
}

func TestRegions_Grown(t *testing.T) {
	at := func(from, to uint64) mapping { return mapping{from: from, to: to} }
	r := &regions{}
	for i, step := range []struct {
		regions []region
		grown   float64
	}{
		{[]region{{from: 100, to: 200, rss: 10}, {from: 300, to: 400, rss: 20}}, 0},
		{[]region{{from: 300, to: 450, rss: 25}, {from: 50, to: 200, rss: 15}}, 10}, // at either end
		{[]region{{from: 50, to: 450, rss: 60}}, 30},                                // two have become one
		{[]region{{from: 500, to: 600, rss: 70}}, 0},                                // a new one in its place
		{[]region{{from: 500, to: 550, rss: 35}, {from: 560, to: 600, rss: 35}}, 0}, // a hole
	} {
		for _, x := range step.regions {
			r.add(at(x.from, x.to), x.rss)
		}
		if got := r.grown(); got != step.grown {
			t.Errorf("step %d: grown by %v, want %v", i, got, step.grown)
		}
	}
}
