package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"soakmon/soak"
)

func TestNoteErrors_NewestOfEachKind(t *testing.T) {
	b := newBench()
	b.fail = func(operations int64) map[string]int64 {
		switch second := operations / 200; {
		case second < 10:
			return nil
		case second < 30:
			return map[string]int64{"reset": second - 9}
		default: // no more resets
			return map[string]int64{"reset": 20, "eof": 3}
		}
	}
	play(t, testPlan(2*time.Minute), b, nil)
	var got []string
	for _, e := range b.notes {
		if e.Kind == soak.EventError {
			got = append(got, fmt.Sprintf("%s %s %.0f %s", e.Load, e.Name, e.Value, e.Text))
		}
	}
	if want := []string{"tcp reset 1 reset number 1", "tcp reset 10 reset number 10", "tcp eof 3 eof number 3", "tcp reset 20 reset number 20"}; !slices.Equal(got, want) {
		t.Errorf("noted %q, want %q", got, want)
	}
}
