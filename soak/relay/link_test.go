package relay

import (
	"math"
	"testing"
	"time"

	"soakmon/soak"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestLink_SeededLoss(t *testing.T) {
	const n = 100_000
	outcome := func(seed uint64) (lost []bool, count int) {
		l := newLink(soak.Conditions{Loss: 0.03}, seed, 0)
		for range n {
			_, ok := l.pass(1000, noon)
			lost = append(lost, !ok)
			if !ok {
				count++
			}
		}
		return lost, count
	}
	one, count := outcome(1)
	if sigma := math.Sqrt(n * 0.03 * 0.97); math.Abs(float64(count)-0.03*n) > 4*sigma {
		t.Errorf("%d of %d lost, want 3 %%", count, n)
	}
	again, _ := outcome(1)
	other, _ := outcome(2)
	same, differ := true, false
	for i := range one {
		same = same && one[i] == again[i]
		differ = differ || one[i] != other[i]
	}
	if !same || !differ {
		t.Errorf("equal seeds give equal losses: %v; other seeds others: %v", same, differ)
	}
}

func TestLink_DelayUniform(t *testing.T) {
	l := newLink(soak.Conditions{Delay: 20 * time.Millisecond, Jitter: 5 * time.Millisecond}, 1, 0)
	least, most, sum := time.Hour, time.Duration(0), time.Duration(0)
	for range 10_000 {
		at, _ := l.pass(1000, noon)
		d := at.Sub(noon)
		least, most, sum = min(least, d), max(most, d), sum+d
	}
	if mean := sum / 10_000; least < 15*time.Millisecond || least > 15200*time.Microsecond || most > 25*time.Millisecond || most < 24800*time.Microsecond || mean < 19800*time.Microsecond || mean > 20200*time.Microsecond {
		t.Errorf("%v … %v, mean %v", least, most, mean)
	}
}

func TestLink_RateQueueBounded(t *testing.T) {
	l := newLink(soak.Conditions{Rate: 1e6}, 1, 0) // 1,000 bytes take 1 ms
	passed := 0
	for i := range 500 {
		at, ok := l.pass(1000, noon)
		if ok {
			passed++
			if want := time.Duration(i+1) * time.Millisecond; at.Sub(noon) != want {
				t.Fatalf("datagram %d arrives after %v, want %v", i, at.Sub(noon), want)
			}
		}
	}
	if passed != 101 {
		t.Errorf("%d datagrams at once fitted into a queue of 100 ms", passed)
	}
	if _, ok := l.pass(1000, noon.Add(2*time.Millisecond)); !ok {
		t.Error("the queue did not drain")
	}
	if wait := l.wait(noon.Add(2 * time.Millisecond)); wait != 0 {
		t.Errorf("a stream waits %v", wait)
	}
	if at, _ := l.pass(1000, noon.Add(time.Hour)); !at.Equal(noon.Add(time.Hour + time.Millisecond)) {
		t.Errorf("after a silence: %v", at)
	}
}

func TestLink_Reorder(t *testing.T) {
	l := newLink(soak.Conditions{Delay: time.Second, Reorder: 0.1}, 1, 0)
	early := 0
	for range 1000 {
		if at, _ := l.pass(1000, noon); at.Equal(noon) {
			early++
		} else if !at.Equal(noon.Add(time.Second)) {
			t.Fatalf("arrives at %v", at)
		}
	}
	if early < 60 || early > 140 {
		t.Errorf("%d of 1,000 overtook, want 10 %%", early)
	}
}

func TestLink_StreamOrder(t *testing.T) {
	l := newLink(soak.Conditions{Delay: 10 * time.Millisecond, Jitter: 10 * time.Millisecond}, 1, 0)
	var last time.Time
	for i := range 1000 {
		at := l.passStream(1000, noon.Add(time.Duration(i)*time.Microsecond), last)
		if at.Before(last) {
			t.Fatal("bytes overtook bytes")
		}
		last = at
	}
}

func TestNewFate_Shares(t *testing.T) {
	resets, stalls := 0, 0
	for n := range uint64(10_000) {
		f := newFate(soak.Conditions{Reset: 0.02, Stall: 0.05, StallFor: time.Second}, 7, n)
		switch {
		case f.reset && f.reads > 0 && f.stall == 0:
			resets++
		case f.stall == time.Second && f.reads > 0 && f.reads <= mostReads:
			stalls++
		case f != (fate{}):
			t.Fatalf("%+v", f)
		}
	}
	if resets < 140 || resets > 260 || stalls < 400 || stalls > 600 {
		t.Errorf("%d resets, %d stalls of 10,000", resets, stalls)
	}
}
