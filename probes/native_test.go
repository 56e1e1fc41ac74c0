//go:build linux

package probes

import (
	"strings"
	"testing"
)

const smapsOfGo = `00400000-00900000 r-xp 00000000 00:30 300 /usr/bin/server
Size:               5120 kB
Rss:                4000 kB
Pss:                4000 kB
Anonymous:             0 kB
00900000-00a00000 rw-p 00500000 00:30 300 /usr/bin/server
Rss:                 300 kB
Pss:                 200 kB
Anonymous:           100 kB
c000000000-c000400000 rw-p 00000000 00:00 0 
Rss:                4096 kB
Pss:                4096 kB
Anonymous:          4096 kB
7f0000000000-7f0000100000 rw-p 00000000 00:00 0 
Rss:                 512 kB
Pss:                 256 kB
Anonymous:           512 kB
VmFlags: rd wr mr mw me ac
7f1000000000-7f1010000000 rw-s 00000000 00:01 77 /dev/zero (deleted)
Rss:               90000 kB
Pss:               90000 kB
Anonymous:             0 kB
`

func TestNative_CountsAnonymousOutsideGoHeap(t *testing.T) {
	for golang, want := range map[bool]float64{true: 100 + 256, false: 100 + 256 + 4096} {
		if got, err := anonymousOutside(strings.NewReader(smapsOfGo), golang); err != nil || got != want*1024 {
			t.Errorf("Go %v: %v KiB, %v, want %v", golang, got/1024, err, want)
		}
	}
	if _, err := anonymousOutside(strings.NewReader("nonsense\n"), true); err == nil {
		t.Error("nonsense is accepted")
	}
}

func TestNative_LessGrowthOfMetadata(t *testing.T) {
	const kib, mib = 1 << 10, 1 << 20
	var e explained
	for _, c := range []struct {
		what                    string
		outside, metadata, want float64
	}{
		{"the first reading", 2 * mib, 5 * mib, 2 * mib},
		{"metadata in use before they are reported", 2*mib + 200*kib, 5 * mib, 2 * mib},
		{"metadata reported before they are in use", 2*mib + 200*kib, 6 * mib, 2 * mib},
		{"metadata in use", 3 * mib, 6 * mib, 2 * mib},
		{"native memory", 9 * mib, 6 * mib, 8*mib - metadataChunk},
		{"memory given back", mib, 6 * mib, mib},
	} {
		if got := e.native(c.outside, c.metadata); got != c.want {
			t.Errorf("%s: %v MiB, want %v", c.what, got/mib, c.want/mib)
		}
	}
}

func TestNative_LeavesOutHeapOfRealProgram(t *testing.T) {
	child := startChild(t, "serve=64")
	p := child.Process
	p.Pprof = child.ready + "/debug/pprof/"
	samples, _ := open(t, p).ReadAll(t.Context())
	got := values(samples)
	if native, all := got["native_bytes"], got["rss_anon_bytes"]; native <= 0 || native > 16<<20 || all < 64<<20 {
		t.Errorf("native memory %v of %v bytes, and the heap holds 64 MiB", native, all)
	}
}
