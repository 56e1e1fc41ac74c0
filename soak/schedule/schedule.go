// Package schedule decides when a run is due, and starts runs when they are.
// [Schedule] is pure: time is an argument, and nothing waits. A [Keeper] waits, and
// starts runs through a function that it is given.
//
// The specs are those of cron: minute, hour, day of month, month and day of
// week, or @daily and the like, or @every 6h, as robfig/cron reads them. They
// are run over wall-clock fields, which are then mapped to the time zone: a wall
// time that a change of clocks leaves out counts as the first instant after the
// gap, one that it repeats as its first occurrence. So a run at 02:30 comes once
// each day, also on the days of the changes. (Run over instants, as cron libraries
// do, one of these days has no run and the other has two.)
//
// The limits: a resolution of a minute; a date that comes less than once in five
// years (29 February around 2100) is taken for one that never comes.
package schedule

import (
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"
	_ "time/tzdata" // a small machine has no zones of its own

	"github.com/robfig/cron/v3"
)

// shortestDelay of @every.
const shortestDelay = time.Minute

// Schedule is a cron spec in a time zone. The zero value is never due.
type Schedule struct {
	spec cron.Schedule
	zone *time.Location // nil: the spec counts elapsed time
}

// Parse reads a cron spec for an IANA time zone; "" is UTC. It refuses specs
// that never come, and zones inside the spec.
func Parse(spec, zone string) (Schedule, error) {
	if strings.Contains(spec, "TZ=") {
		return Schedule{}, errors.New("invalid schedule: it contains a time zone, use time_zone: Europe/Berlin instead")
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		return Schedule{}, fmt.Errorf("unknown time zone %q; use an IANA name such as Europe/Berlin or UTC", zone)
	}
	parsed, err := cron.ParseStandard(spec)
	if err != nil {
		return Schedule{}, fmt.Errorf("invalid cron expression %q (%w): use minute hour day month weekday, such as \"0 2 * * *\", or @daily, or @every 6h", spec, err)
	}
	switch s := parsed.(type) {
	case cron.ConstantDelaySchedule:
		if s.Delay < shortestDelay {
			return Schedule{}, fmt.Errorf("invalid schedule %q: the shortest interval is %s", spec, shortestDelay)
		}
		return Schedule{spec: s}, nil
	case *cron.SpecSchedule:
		s.Location = time.UTC // wall-clock fields are written as if they were UTC
	}
	if parsed.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Schedule{}, fmt.Errorf("invalid schedule %q: it is never due", spec)
	}
	return Schedule{spec: parsed, zone: location}, nil
}

// Next gives the first due time after the given one, in the schedule's zone, or
// the zero time where there is none.
func (s Schedule) Next(after time.Time) time.Time {
	switch {
	case s.spec == nil:
		return time.Time{}
	case s.zone == nil:
		return s.spec.Next(after)
	}
	// In a repeated hour, wall times come whose instant was an hour ago.
	for wall := asUTC(after.In(s.zone)); ; {
		if wall = s.spec.Next(wall); wall.IsZero() {
			return time.Time{}
		}
		if at := instant(wall, s.zone); at.After(after) {
			return at
		}
	}
}

// Upcoming gives the next n due times after the given one, or fewer if there
// are not as many. Wall times that fall into one gap come once.
func (s Schedule) Upcoming(after time.Time, n int) []time.Time {
	var due []time.Time
	for len(due) < n {
		if after = s.Next(after); after.IsZero() {
			break
		}
		due = append(due, after)
	}
	return due
}

// Jitter gives a delay from 0 to limit that depends on nothing but the name and
// the time it was due, so that a scheduler that starts again keeps to it.
func Jitter(name string, due time.Time, limit time.Duration) time.Duration {
	if limit <= 0 {
		return 0
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\x00%d", name, due.Unix())
	return time.Duration(h.Sum64() % uint64(limit+1))
}
