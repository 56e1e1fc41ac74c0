package schedule

import (
	"strings"
	"testing"
	"time"
)

func mustParse(t *testing.T, spec, zone string) Schedule {
	t.Helper()
	s, err := Parse(spec, zone)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestNext_WallClock(t *testing.T) {
	for _, c := range []struct {
		name, spec, zone, after string
		want                    []string
	}{
		{"plain nightly in UTC", "0 2 * * *", "", "2026-03-01T12:00:00Z",
			[]string{"2026-03-02T02:00:00Z", "2026-03-03T02:00:00Z"}},
		{"strictly after", "0 2 * * *", "UTC", "2026-03-01T02:00:00Z", []string{"2026-03-02T02:00:00Z"}},
		{"weekdays", "30 6 * * mon-fri", "", "2026-03-06T07:00:00Z", []string{"2026-03-09T06:30:00Z"}},
		{"descriptor", "@weekly", "", "2026-03-06T07:00:00Z", []string{"2026-03-08T00:00:00Z", "2026-03-15T00:00:00Z"}},
		{"leap day", "0 0 29 2 *", "", "2025-01-01T00:00:00Z", []string{"2028-02-29T00:00:00Z"}},

		{"Berlin, spring: 02:30 is left out and comes at 03:00", "30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00+01:00",
			[]string{"2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"}},
		{"Berlin, spring: several in one gap come once", "*/20 2 * * *", "Europe/Berlin", "2026-03-29T01:50:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"}},
		{"Berlin, autumn: 02:30 comes once, the first time", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00+02:00",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"}},
		{"Berlin, autumn: from within the repeated hour", "30 2 * * *", "Europe/Berlin", "2026-10-25T02:10:00+01:00",
			[]string{"2026-10-26T02:30:00+01:00"}},
		{"Berlin, autumn: hourly leaves the repetition out", "0 * * * *", "Europe/Berlin", "2026-10-25T01:30:00+02:00",
			[]string{"2026-10-25T02:00:00+02:00", "2026-10-25T03:00:00+01:00"}},

		{"New York, spring", "30 2 * * *", "America/New_York", "2026-03-07T12:00:00-05:00",
			[]string{"2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"}},
		{"New York, autumn", "30 1 * * *", "America/New_York", "2026-10-31T12:00:00-04:00",
			[]string{"2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"}},

		{"Lord Howe, spring: half an hour is left out", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00+10:30",
			[]string{"2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"}},
		{"Lord Howe, autumn: half an hour is repeated", "45 1 * * *", "Australia/Lord_Howe", "2026-04-04T12:00:00+11:00",
			[]string{"2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"}},

		{"Apia, the day that never was", "0 12 * * *", "Pacific/Apia", "2011-12-29T00:00:00-10:00",
			[]string{"2011-12-29T12:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T12:00:00+14:00"}},

		{"every 90 minutes is elapsed time", "@every 90m", "Europe/Berlin", "2026-03-29T00:00:00Z",
			[]string{"2026-03-29T01:30:00Z", "2026-03-29T03:00:00Z"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := mustParse(t, c.spec, c.zone).Upcoming(at(t, c.after), len(c.want))
			if len(got) != len(c.want) {
				t.Fatalf("got %v, want %v", got, c.want)
			}
			for i, want := range c.want {
				if g := got[i].Format(time.RFC3339); !got[i].Equal(at(t, want)) {
					t.Errorf("%d: got %s, want %s", i, g, want)
				}
			}
		})
	}
}

func TestNext_OneRunPerNightForAYear(t *testing.T) {
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Cairo", "America/Havana"} {
		for _, spec := range []string{"0 0 * * *", "30 0 * * *", "30 1 * * *", "0 2 * * *", "30 2 * * *", "30 3 * * *"} {
			location, err := time.LoadLocation(zone)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			for _, due := range mustParse(t, spec, zone).Upcoming(time.Date(2025, 12, 31, 23, 59, 0, 0, location), 365) {
				day := due.In(location).Format(time.DateOnly)
				if seen[day] {
					t.Errorf("%s %s: two runs on %s", zone, spec, day)
				}
				seen[day] = true
			}
			if len(seen) != 365 || seen["2027-01-01"] {
				t.Errorf("%s %s: runs on %d days", zone, spec, len(seen))
			}
		}
	}
}

func TestParse_RejectsInvalid(t *testing.T) {
	for _, c := range []struct{ spec, zone, say string }{
		{"", "", "invalid cron expression"},
		{"0 2 * *", "", "expected exactly 5 fields"},
		{"61 2 * * *", "", "above maximum"},
		{"0 2 * * * *", "", "invalid cron expression"},
		{"@nightly", "", "unrecognized descriptor"},
		{"@every soon", "", "failed to parse duration"},
		{"@every 10s", "", "shortest interval is 1m0s"},
		{"@every -1h", "", "shortest interval is 1m0s"},
		{"TZ=Europe/Berlin 0 2 * * *", "", "time_zone"},
		{"CRON_TZ=UTC", "", "time_zone"},
		{"0 0 30 2 *", "", "never due"},
		{", * * * *", "", "never due"},
		{"0 2 * * *", "Mars/Olympus", "unknown time zone"},
	} {
		if _, err := Parse(c.spec, c.zone); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%q in %q: got %v, want %q in it", c.spec, c.zone, err, c.say)
		}
	}
}

func TestSchedule_ZeroIsNeverDue(t *testing.T) {
	if due := (Schedule{}).Next(time.Unix(0, 0)); !due.IsZero() {
		t.Error(due)
	}
	if due := (Schedule{}).Upcoming(time.Unix(0, 0), 3); due != nil {
		t.Error(due)
	}
}

func TestJitter_SteadyAndSpread(t *testing.T) {
	const limit = 10 * time.Minute
	due := at(t, "2026-03-01T02:00:00Z")
	var quarters [4]int
	for i := range 1000 {
		night := due.AddDate(0, 0, i)
		j := Jitter("nginx", night, limit)
		if j != Jitter("nginx", night.In(time.FixedZone("x", 3600)), limit) {
			t.Fatal("the same start has two delays")
		}
		if j < 0 || j > limit {
			t.Fatalf("%s is out of bounds", j)
		}
		quarters[min(3, int(4*j/limit))]++
	}
	for i, n := range quarters {
		if n < 200 || n > 300 {
			t.Errorf("quarter %d has %d of 1000 delays", i, n)
		}
	}
	if Jitter("a", due, limit) == Jitter("b", due, limit) {
		t.Error("two names have one delay")
	}
	if Jitter("a", due, 0) != 0 {
		t.Error("no limit gives a delay")
	}
}

func FuzzParse(f *testing.F) {
	for _, spec := range []string{"0 2 * * *", "*/5 1-3 1,15 jan-mar mon", "@daily", "@every 6h", "TZ=UTC", "? ? ? ? ?", "0 0 30 2 *"} {
		f.Add(spec, "Europe/Berlin", int64(1774749600))
	}
	f.Fuzz(func(t *testing.T, spec, zone string, unix int64) {
		s, err := Parse(spec, zone)
		if err != nil {
			return
		}
		after := time.Unix(unix%(1<<33), 0)
		if next := s.Next(after); !next.IsZero() && !next.After(after) {
			t.Errorf("%q in %q after %s: %s", spec, zone, after, next)
		}
	})
}
