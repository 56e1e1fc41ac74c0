package detect

import (
	"testing"
	"time"
)

func TestLooks_TenSecondsThenGeometric(t *testing.T) {
	for _, c := range []struct {
		at   time.Duration
		want int
	}{
		{0, 1}, {10 * time.Second, 1}, {25 * time.Second, 2}, {10 * time.Minute, 60},
		{10*time.Minute + 29*time.Second, 60}, {10*time.Minute + 30*time.Second, 61}, {24 * time.Hour, 161}, {7 * 24 * time.Hour, 201},
	} {
		if got := Looks(c.at); got != c.want {
			t.Errorf("after %v: %d looks, want %d", c.at, got, c.want)
		}
	}
}

func TestLookDue_OncePerStep(t *testing.T) {
	last, looks := time.Duration(0), 0
	for now := time.Duration(0); now <= 24*time.Hour; now += time.Second {
		if LookDue(last, now) {
			last = now
			looks++
		}
	}
	if looks != Looks(24*time.Hour) {
		t.Errorf("%d looks were due, want %d", looks, Looks(24*time.Hour))
	}
}

func TestCorrect_SumsToAlpha(t *testing.T) {
	spent := 0.0
	for look := 1; look < 100000; look++ {
		spent += 40 * Correct(0.001, look, 40)
	}
	if spent > 0.001 || spent < 0.0005 {
		t.Errorf("spent %v of 0.001", spent)
	}
	if Correct(0.001, 0, 0) != 0.001 {
		t.Error("the only look at the only series may spend all")
	}
}
