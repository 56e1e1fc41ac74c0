package soak

import (
	"maps"
	"testing"
)

func TestLabelName_RoundTrip(t *testing.T) {
	for want, labels := range map[string][]string{
		"fds":                       nil,
		`sockets{state="listen"}`:   {"state", "listen"},
		`x{a="1",b="2"}`:            {"b", "2", "a", "1"},
		`x{a="",q="0.99"}`:          {"a", "", "q", "0.99"},
		`x{name="a\"},b=\"{c\\\n"}`: {"name", "a\"},b=\"{c\\\n"},
	} {
		name := LabelName(Family(want), labels...)
		if name != want {
			t.Errorf("%s, want %s", name, want)
		}
		all := map[string]string{}
		for i := 0; i < len(labels); i += 2 {
			all[labels[i]] = labels[i+1]
			if got := SeriesOf("target", name).Label(labels[i]); got != labels[i+1] {
				t.Errorf("%s: label %s is %q, want %q", name, labels[i], got, labels[i+1])
			}
		}
		if got := maps.Collect(Labels(name)); !maps.Equal(got, all) {
			t.Errorf("%s has labels %q, want %q", name, got, all)
		}
	}
}

func TestLabels_StopAtMalformedText(t *testing.T) {
	for _, name := range []string{"", "x", "x{", "x{a", "x{a=", "x{a=1}", `x{a="1`, "{}", `x}a="1"{`} {
		if got := maps.Collect(Labels(name)); len(got) != 0 {
			t.Errorf("%s has labels %q", name, got)
		}
	}
}
