package input

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRestart_OnClockOfSource(t *testing.T) {
	rows := map[string]string{
		"seconds": "time,a,b\n100,1,2\n110,1,2\n120,1,2\n",
		"Unix":    "time,a,b\n1764400000,1,2\n1764400020,1,2\n",
		"dates":   "time,a,b\n2025-11-29T07:06:40Z,1,2\n2025-11-29T08:07:00+01:00,1,2\n",
	}
	for _, c := range []struct {
		clock, at string
		marked    bool
	}{
		{"seconds", "110", true}, {"seconds", "120", true}, {"seconds", "100", false}, {"seconds", "10", false}, {"seconds", "121", false},
		{"Unix", "1764400010", true}, {"Unix", "2025-11-29T07:06:50Z", true}, {"Unix", "10", false}, {"dates", "1764400010", true}, {"dates", "2025-11-29T06:06:50Z", false},
	} {
		r, err := CSV(strings.NewReader(rows[c.clock]), "x.csv", "")
		if err != nil {
			t.Fatal(err)
		}
		marked, err := r.Restart(c.at)
		var want []time.Duration
		if c.marked {
			want = []time.Duration{10 * time.Second}
			if c.at == "120" {
				want[0] = 20 * time.Second
			}
		}
		if err != nil || marked != c.marked || !slices.Equal(r.Series[0].Breaks, want) || !slices.Equal(r.Series[1].Breaks, want) {
			t.Errorf("%s in %s: %v, %v, breaks %v", c.at, c.clock, marked, err, r.Series[0].Breaks)
		}
	}
}

func TestSpan_Clocks(t *testing.T) {
	for text, want := range map[string]string{
		"time,a\n5,1\n65.5,1\n":                "x.csv covers 5 to 65.5",
		"time,a\n1764400000,1\n1764400060,1\n": "x.csv covers 2025-11-29T07:06:40Z to 2025-11-29T07:07:40Z",
	} {
		r, err := CSV(strings.NewReader(text), "x.csv", "")
		if err != nil || r.Span() != want {
			t.Errorf("%v, %q, want %q", err, r.Span(), want)
		}
		if _, err := r.Restart("tea"); err == nil || !strings.Contains(err.Error(), `"tea"`) {
			t.Errorf("%v", err)
		}
	}
}
