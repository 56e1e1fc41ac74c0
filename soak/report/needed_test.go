package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
)

func TestNeeded(t *testing.T) {
	open := func(d time.Duration) soak.Verdict {
		v := unknown
		v.Needed = d
		return v
	}
	for _, c := range []struct {
		what string
		says map[string]time.Duration
		want string
	}{
		{"one", map[string]time.Duration{"fds": 3 * time.Hour}, "about 3 h for fds"},
		{"the longest and the rest", map[string]time.Duration{"fds": 3 * time.Hour, "threads": 40 * time.Minute, "goroutines": 10 * time.Minute}, "about 3 h for fds, 40 min for the rest"},
		{"several of the same length", map[string]time.Duration{"fds": 3 * time.Hour, "threads": 3 * time.Hour, "goroutines": 10 * time.Minute}, "about 3 h for fds and threads, 10 min for the rest"},
		{"some unknown", map[string]time.Duration{"fds": 3 * time.Hour, "threads": 0}, "about 3 h for fds, unknown for threads"},
		{"all unknown", map[string]time.Duration{"fds": 0}, ""},
	} {
		m := goodRun()
		m.run.Args = []string{"run", "--duration", "2m", "--", "server"}
		for metric, d := range c.says {
			m.says["target "+metric] = open(d)
		}
		r := m.built(t)
		if r.Needed == nil {
			if c.want != "" {
				t.Errorf("%s: nothing, want %q", c.what, c.want)
			}
			continue
		}
		if r.Needed.Text != c.want {
			t.Errorf("%s: %q, want %q", c.what, r.Needed.Text, c.want)
		}
		if want := "soak run --duration 3h -- server"; r.Needed.Command != want {
			t.Errorf("%s: %q, want %q", c.what, r.Needed.Command, want)
		}
		for i, line := range heads(t, r) {
			if i != 0 && i != 3 && !strings.Contains(line, c.want) { // the text has it in its second line
				t.Errorf("%s: not in %s", c.what, line)
			}
		}
	}
}

func TestWithDuration(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"run", "--duration=2m", "--rate", "5"}, "soak run --duration=40m --rate 5"},
		{[]string{"run", "plan.yaml"}, "soak run plan.yaml --duration 40m"},
		{[]string{"run", "--", "sh", "--duration", "2m"}, "soak run --duration 40m -- sh --duration 2m"},
		{nil, "soak run --duration 40m --protocol tcp --rate 200"},
	} {
		r := goodRun().built(t)
		r.Args = slices.Clone(c.args)
		if got := withDuration(r, 40*time.Minute); got != c.want {
			t.Errorf("%q: %q, want %q", c.args, got, c.want)
		}
	}
}

func TestRounded(t *testing.T) {
	for d, want := range map[time.Duration]time.Duration{
		61 * time.Second: 2 * time.Minute, 31 * time.Minute: 40 * time.Minute, 2*time.Hour + 1: 3 * time.Hour, 25 * time.Hour: 30 * time.Hour, 10 * time.Minute: 10 * time.Minute,
	} {
		if got := rounded(d); got != want {
			t.Errorf("%v becomes %v, want %v", d, got, want)
		}
	}
}
