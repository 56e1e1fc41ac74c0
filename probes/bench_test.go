//go:build linux

package probes

import (
	"testing"

	"soakmon/soak"
)

// fastOnly leaves the fast probes in a set.
func fastOnly(s *Set) *Set {
	var all []*runner
	for _, r := range s.runners {
		if r.class == fast {
			all = append(all, r)
		}
	}
	s.runners = all
	return s
}

// BenchmarkFastTick must stay at or below 50 µs, whatever the number of
// descriptors.
func BenchmarkFastTick(b *testing.B) {
	for _, mode := range []string{"fds=0", "fds=15000"} {
		b.Run(mode, func(b *testing.B) {
			s := fastOnly(Open(startChild(b, mode).Process, Options{}))
			defer s.Close()
			b.ReportAllocs()
			for b.Loop() {
				if samples, _ := s.Tick(b.Context(), 0); len(samples) < 18 {
					b.Fatal(samples)
				}
			}
		})
	}
}

func BenchmarkFastTick_TreeOf20(b *testing.B) {
	p := startChild(b, "parent=20").Process
	p.Tree = true
	s := fastOnly(Open(p, Options{}))
	defer s.Close()
	b.ReportAllocs()
	for b.Loop() {
		s.Tick(b.Context(), 0)
	}
}

// BenchmarkProbe shows what one read of each probe costs, on a Go program with
// 15,000 descriptors or with debug pages.
func BenchmarkProbe(b *testing.B) {
	for _, mode := range []string{"fds=15000", "serve=64"} {
		child := startChild(b, mode)
		p := child.Process
		if mode == "serve=64" {
			p.Pprof, p.Metrics = child.ready+"/debug/pprof/", child.ready+"/metrics"
		}
		s := Open(p, Options{})
		for _, r := range s.runners {
			b.Run(mode+"/"+r.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := r.probe.Read(b.Context(), p); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		s.Close()
	}
	b.Run("selfgo", func(b *testing.B) {
		probe := newSelfgo()
		for b.Loop() {
			if _, err := probe.Read(b.Context(), soak.Process{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
