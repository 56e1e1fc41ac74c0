package store

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"soakmon/soak"
)

func TestPutProfile_RoundTrip(t *testing.T) {
	w, path := createRun(t, Options{NoSync: true})
	var all [][]byte
	for i := range 5 {
		data := make([]byte, i*50_000)
		rand.Read(data)
		all = append(all, data)
		must(t, w.PutProfile(soak.ProfileMeta{At: time.Duration(i), Kind: "heap"}, data))
	}
	r := reopen(t, w, path)
	metas, err := r.Profiles()
	if err != nil || len(metas) != 5 {
		t.Fatalf("%d profiles, error %v", len(metas), err)
	}
	for i, m := range metas {
		data, err := r.Profile(m.ID)
		if err != nil || m.At != time.Duration(i) || !bytes.Equal(data, all[i]) {
			t.Errorf("profile %d: %+v, %d bytes, error %v", i, m, len(data), err)
		}
	}
	if _, err := r.Profile(99); err == nil {
		t.Error("a missing profile was read")
	}
}

// Near the cap the middle is thinned out evenly. The first, the last and those at
// alerts are kept, and an event records it.
func TestPutProfile_ThinsOutNearCap(t *testing.T) {
	const limit, n = 4 << 20, 300
	w, path := createRun(t, Options{NoSync: true, Cap: limit})
	for i := range n {
		m := soak.ProfileMeta{At: time.Duration(i) * time.Minute, Process: "target", Kind: "heap", Why: "schedule"}
		if i == 100 || i == 101 {
			m.Why = "alert"
		}
		must(t, w.PutProfile(m, make([]byte, 60_000+i*100)))
		must(t, w.PutProfile(soak.ProfileMeta{At: m.At, Process: "target", Kind: "goroutine"}, make([]byte, 5_000)))
	}
	r := reopen(t, w, path)
	metas, err := r.Profiles()
	must(t, err)
	var heap []time.Duration
	for _, m := range metas {
		if m.Kind == "heap" {
			heap = append(heap, m.At)
		}
	}
	for _, i := range []int{0, 100, 101, n - 1} {
		if !slices.Contains(heap, time.Duration(i)*time.Minute) {
			t.Errorf("profile %d is gone", i)
		}
	}
	if len(heap) < 15 {
		t.Errorf("%d heap profiles remain, want more below the cap", len(heap))
	}
	for i := range heap[1:] {
		if gap := heap[i+1] - heap[i]; gap > n*time.Minute/6 {
			t.Errorf("no profile between %v and %v", heap[i], heap[i+1])
		}
	}
	if info, _ := os.Stat(path); info.Size() > limit {
		t.Errorf("the file has %d bytes, its cap is %d", info.Size(), limit)
	}
	events, err := r.Events()
	if err != nil || len(events) == 0 || events[0].Name != "profiles" {
		t.Errorf("events %v, error %v: the removal is not recorded", events, err)
	}
}

func TestPutProfile_Full(t *testing.T) {
	w, path := createRun(t, Options{NoSync: true, Cap: 1 << 20})
	must(t, w.PutProfile(soak.ProfileMeta{Kind: "heap"}, make([]byte, 600_000)))
	must(t, w.Append(row(0, map[string]float64{"fds": 1})))
	if err := w.PutProfile(soak.ProfileMeta{Kind: "cpu"}, make([]byte, 600_000)); !errors.Is(err, ErrFull) {
		t.Errorf("error %v, want ErrFull", err)
	}
	if err := w.Append(row(1, map[string]float64{"fds": 1})); err != nil {
		t.Errorf("rows are refused too: %v", err)
	}
	r := reopen(t, w, path)
	ticks, err := r.Ticks()
	if err != nil || len(ticks) != 2 {
		t.Errorf("%d rows, error %v", len(ticks), err)
	}
}
