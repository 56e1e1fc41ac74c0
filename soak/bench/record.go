package bench

import (
	"math"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"soakmon/soak"
	"soakmon/soak/load"
)

const (
	longest       = 10 * time.Minute // that the histogram distinguishes
	exampleLength = 300              // of an error's text, in bytes
)

// record gathers what comes of one order. Its methods may be called from many
// goroutines.
type record struct {
	order Order
	begun time.Time

	mu    sync.Mutex
	got   Reading
	times *hdrhistogram.Histogram
	last  time.Time
}

func newRecord(o Order) *record {
	return &record{order: o, times: hdrhistogram.New(1, int64(longest), 3)}
}

// begin starts the clock.
func (r *record) begin() { r.begun = time.Now(); r.last = r.begun }

// add counts an operation that was begun then and has just ended well.
func (r *record) add(begun time.Time, sent, received int64) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got.Operations++
	r.got.Sent += sent
	r.got.Received += received
	r.last = now
	// The only error is a value out of range, and it is in range.
	_ = r.times.RecordValue(int64(min(max(now.Sub(begun), 1), longest)))
}

// fail counts an operation that ended badly.
func (r *record) fail(err error, opening bool) {
	text := err.Error()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.got.Errors == nil {
		r.got.Errors = map[string]int{}
		r.got.Example = strings.ToValidUTF8(text[:min(len(text), exampleLength)], "")
	}
	r.got.Failed++
	r.got.Errors[load.Kind(err, opening)]++
}

// enough reports whether the order has been done, or must be given up.
func (r *record) enough() bool {
	spent := time.Since(r.begun)
	r.mu.Lock()
	defer r.mu.Unlock()
	return spent >= r.order.For && r.got.Operations >= r.order.Least ||
		spent >= patience*r.order.For && r.order.For > 0 || r.got.Failed >= mostFailures
}

// reading is the sum of it.
func (r *record) reading() Reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got.Seconds = r.last.Sub(r.begun).Seconds()
	r.got.P50, r.got.P95, r.got.P99 = r.quantile(0.5), r.quantile(0.95), r.quantile(0.99)
	return r.got
}

// quantile is NaN where there are too few operations for one of them to lie
// above it.
func (r *record) quantile(q float64) soak.Float {
	if n := r.times.TotalCount(); n == 0 || float64(n)*(1-q) < 1-1e-9 {
		return soak.Float(math.NaN())
	}
	return soak.Float(time.Duration(r.times.ValueAtQuantile(100 * q)).Seconds())
}
