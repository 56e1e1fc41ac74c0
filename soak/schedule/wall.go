package schedule

import "time"

// The offsets of all zones lie between -12 and +14 hours, in history between
// about -16 and +16.
const widestOffset = 24 * time.Hour

// asUTC gives the wall-clock fields of t, written as a time in UTC.
func asUTC(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.Add(time.Duration(offset) * time.Second).UTC()
}

// instant gives when a clock in zone first shows the wall-clock fields, or else
// the first instant after the gap they fall into. It walks over the stretches
// of constant offset: the first that does not end before the fields holds them,
// or begins after the gap.
func instant(wall time.Time, zone *time.Location) time.Time {
	for t := wall.Add(-widestOffset).In(zone); ; {
		_, offset := t.Zone()
		at := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		start, end := t.ZoneBounds()
		switch {
		case !end.IsZero() && !at.Before(end):
			t = end
		case !start.IsZero() && at.Before(start):
			return start
		default:
			return at
		}
	}
}
