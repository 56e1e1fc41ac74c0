package protocol_test

import (
	"context"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/options"
	"soakmon/soak/protocol"
)

// everyStream runs a test with each protocol that gives streams, by default.
func everyStream(t *testing.T, f func(t *testing.T, p protocol.Protocol)) {
	destination["tcp"]()
	for _, name := range protocol.Names() {
		if p, _ := protocol.Lookup(name); p.Dial != nil && p.Networks[0] == "tcp" {
			p.Networks = p.Networks[:1]
			t.Run(name, func(t *testing.T) { f(t, p) })
		}
	}
}

func TestConformance_ManySessions(t *testing.T) {
	sessions, each := count(100, 500), count[uint64](10, 20)
	everyStream(t, func(t *testing.T, p protocol.Protocol) {
		opener, err := p.Open(workload(t, p, serve(t, p, protocol.ServeOptions{}), soak.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		defer opener.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		var open, done sync.WaitGroup
		open.Add(sessions)
		for range sessions {
			done.Go(func() {
				s, err := opener.Open(ctx)
				open.Done()
				if err != nil {
					t.Error(err)
					return
				}
				defer s.Close()
				open.Wait() // all at once
				for n := range each {
					if _, _, err := s.Do(n, time.Now().Add(patience)); err != nil {
						t.Errorf("operation %d: %v", n, err)
						return
					}
				}
			})
		}
		done.Wait()
	})
}

// The size is 16 MiB, twice the initial window of a QUIC stream, or what
// SOAK_TEST_BULK says, in bytes: 1000000000.
func TestConformance_BulkBothWays(t *testing.T) {
	size := count[int64](16<<20, 64_000_000)
	if text := os.Getenv("SOAK_TEST_BULK"); text != "" {
		var err error
		if size, err = strconv.ParseInt(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	everyStream(t, func(t *testing.T, p protocol.Protocol) {
		w := workload(t, p, serve(t, p, protocol.ServeOptions{}), soak.Options{})
		var err error
		if w.Options, err = options.Merge(soak.Options{JSON: []byte(`{"mode":"` + load.BulkBoth + `"}`)}, w.Options); err != nil {
			t.Fatal(err)
		}
		w.Payload = size
		opener, err := p.Open(w)
		if err != nil {
			t.Fatal(err)
		}
		defer opener.Close()
		s := openSession(t, opener)
		defer s.Close()
		sent, received, err := s.Do(0, time.Now().Add(5*time.Minute))
		if err != nil || sent != size || received != size {
			t.Errorf("sent %d, received %d of %d: %v", sent, received, size, err)
		}
	})
}
