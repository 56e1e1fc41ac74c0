package bench_test

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/bench"
	"soakmon/soak/protocol"
)

// side is a client in this process, over the same pipes as one of its own.
type side struct {
	orders   *json.Encoder
	readings *json.Decoder
}

func client(t *testing.T) side {
	t.Helper()
	in, orders := io.Pipe()
	readings, out := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- bench.Client(context.Background(), in, out, protocol.Open) }()
	t.Cleanup(func() {
		orders.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return side{json.NewEncoder(orders), json.NewDecoder(readings)}
}

func (s side) Do(_ context.Context, o bench.Order) (r bench.Reading, err error) {
	if err := s.orders.Encode(o); err != nil {
		return r, err
	}
	return r, s.readings.Decode(&r)
}

func (side) CPU() (float64, error) { return float64(time.Now().UnixNano()) / 1e9, nil } // as if always busy

// server is a reference server in this process.
type server struct {
	protocol.Server
	load     soak.Workload
	memories atomic.Int64
}

func serve(t *testing.T, name string, o soak.Options) *server {
	t.Helper()
	p, _ := protocol.Lookup(name)
	s, err := p.Serve(context.Background(), protocol.ServeOptions{Address: "127.0.0.1:0", Options: o})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &server{Server: s, load: soak.Workload{Name: name, Protocol: name, Address: s.Addr(), Options: s.Options()}}
}

func (s *server) Load() soak.Workload   { return s.load }
func (s *server) CPU() (float64, error) { return side{}.CPU() }
func (s *server) Memory(_ context.Context, _ bool) (float64, error) {
	return float64(s.memories.Add(1)) * 1e6, nil
}

func TestClient_DoesEveryOrder(t *testing.T) {
	c, s := client(t), serve(t, "tcp", soak.Options{})
	do := func(o bench.Order) bench.Reading {
		t.Helper()
		if o.Load.Protocol == "" {
			o.Load = s.Load()
			o.Load.Payload = 64
		}
		r, err := c.Do(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		if r.Failed > 0 {
			t.Errorf("%s: %+v", o.Do, r)
		}
		return r
	}
	up := s.Load()
	up.Payload, up.Options.JSON = 3<<20, []byte(`{"mode":"bulk_up"}`)
	if r := do(bench.Order{Do: bench.Transfer, Load: up, Least: 2}); r.Operations != 2 || r.Sent != 6<<20 || r.Received != 0 || r.Seconds <= 0 {
		t.Errorf("transfer: %+v", r)
	}
	if r := do(bench.Order{Do: bench.Transfer, Warm: true, For: 20 * time.Millisecond, Least: 20}); r.Operations < 20 || r.Warm != 128 || r.Sent != 64*int64(r.Operations) || r.Received != r.Sent || !(r.P50 > 0) || r.P95 < r.P50 {
		t.Errorf("echo: %+v", r)
	}
	if r := do(bench.Order{Do: bench.Connect, Least: 3}); r.Operations != 3 || !(r.P50 > 0) {
		t.Errorf("connect: %+v", r)
	}
	if r := do(bench.Order{Do: bench.Crowd, For: 50 * time.Millisecond, Workers: 8}); r.Operations < 8 || r.Seconds < 0.05 {
		t.Errorf("crowd: %+v", r)
	}
	if r := do(bench.Order{Do: bench.Hold, Sessions: 20, Workers: 4}); r.Operations != 20 {
		t.Errorf("hold: %+v", r)
	}
	if r := do(bench.Order{Do: bench.Work, For: 50 * time.Millisecond}); r.Operations < 20 {
		t.Errorf("work: %+v", r)
	}
	do(bench.Order{Do: bench.Release})
	if r, err := c.Do(context.Background(), bench.Order{Do: bench.Work}); err != nil || r.Failed != 1 {
		t.Errorf("work on nothing: %+v, %v", r, err)
	}
}

func TestClient_ReportsFailures(t *testing.T) {
	c, s := client(t), serve(t, "tcp", soak.Options{})
	gone := s.Load()
	s.Close()
	gone.Payload = 64
	wrong := gone
	wrong.Options.JSON = []byte(`{"mode":"sideways"}`)
	for _, o := range []bench.Order{
		{Do: bench.Transfer, Load: gone, Least: 1}, {Do: bench.Transfer, Warm: true, Load: gone, Least: 1}, {Do: bench.Connect, Load: gone, Least: 1},
		{Do: bench.Crowd, Load: gone, For: time.Second, Workers: 8}, {Do: bench.Hold, Load: gone, Sessions: 1000, Workers: 4},
		{Do: bench.Transfer, Load: wrong}, {Do: "dance", Load: gone},
	} {
		r, err := c.Do(context.Background(), o)
		if err != nil || r.Failed == 0 || r.Operations > 0 || r.Example == "" || !math.IsNaN(float64(r.P50)) {
			t.Errorf("%s: %+v, %v", o.Do, r, err)
		}
		if o.Load.Options.JSON == nil && o.Do != "dance" && r.Errors["refused"] == 0 {
			t.Errorf("%s: %v, want refused", o.Do, r.Errors)
		}
	}
}
