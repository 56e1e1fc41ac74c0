package input

import (
	"fmt"
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

// Readings rise by 4 with a flicker of 1 and fall to the beginning at 50 s.
func TestRestart_MarkedLate(t *testing.T) {
	var rows strings.Builder
	rows.WriteString("time,rss_bytes,fds\n")
	for i := range 12 {
		fmt.Fprintf(&rows, "%d,%d,%d\n", 10*i, 1000+4*(i%5)+i%2-900*(i/5), 7)
	}
	for _, c := range []struct {
		mark, rss string
	}{{"40.5", "40.5s"}, {"50", "50s"}, {"50.2", "50s"}, {"61", "50s"}, {"80", "50s"}, {"80.5", "1m20.5s"}, {"100", "1m40s"}} {
		r, err := CSV(strings.NewReader(rows.String()), "x.csv", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Restart(c.mark); err != nil {
			t.Fatal(err)
		}
		if got := r.Series[0].Breaks[0].String(); got != c.rss {
			t.Errorf("marked at %s: restart at %s, want %s", c.mark, got, c.rss)
		}
		if got := fmt.Sprintf("%.10gs", r.Series[1].Breaks[0].Seconds()); got != c.mark+"s" {
			t.Errorf("a series without a fall, marked at %s: restart at %s", c.mark, got)
		}
	}
}
