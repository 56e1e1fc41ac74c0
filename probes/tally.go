package probes

import (
	"strings"

	"soakmon/soak"
)

// mostLabels is how many series one tally keeps: what comes after counts
// together.
const mostLabels = 24

// tally counts things by name. A name once seen stays, at zero where there are
// none, so that its series has no gaps.
type tally struct {
	family string
	label  string
	names  []string
	values map[string]float64
}

func newTally(family, label string) *tally {
	return &tally{family: family, label: label, values: map[string]float64{}}
}

func (t *tally) reset() {
	for name := range t.values {
		t.values[name] = 0
	}
}

func (t *tally) add(name string, v float64) {
	if _, known := t.values[name]; !known {
		if len(t.names) >= mostLabels {
			name = "(other)"
		}
		if _, known = t.values[name]; !known {
			t.names = append(t.names, name)
		}
	}
	t.values[name] += v
}

func (t *tally) samples(role string) []soak.Sample {
	all := make([]soak.Sample, len(t.names))
	for i, name := range t.names {
		all[i] = soak.Sample{SeriesID: soak.SeriesOf(role, soak.LabelName(t.family, t.label, name)), Value: t.values[name]}
	}
	return all
}

// pattern puts what is numbered alike together: "worker-12" is "worker-*". Runs
// of hexadecimal digits that hold a number count as numbers as well.
func pattern(name string) string {
	var out strings.Builder
	for i := 0; i < len(name); {
		j := i
		digits := false
		for j < len(name) && strings.IndexByte("0123456789abcdefABCDEF", name[j]) >= 0 {
			digits = digits || name[j] <= '9'
			j++
		}
		switch {
		case digits:
			out.WriteByte('*')
		case j > i:
			out.WriteString(name[i:j])
		default:
			out.WriteByte(name[i])
			j = i + 1
		}
		i = j
	}
	return strings.ToValidUTF8(out.String(), "�")
}
