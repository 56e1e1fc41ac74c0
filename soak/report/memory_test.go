package report

import (
	"bytes"
	"strings"
	"testing"

	"soakmon/soak"
	"soakmon/soak/cause"
)

func split(rss, live, dead, free [2]float64) cause.Split {
	part := func(name string, v [2]float64) cause.SplitPart {
		mib := func(v float64) soak.Float { return soak.Float(v * (1 << 20)) }
		return cause.SplitPart{Part: name, Words: name, Early: mib(v[0]), Late: mib(v[1]), Change: mib(v[1] - v[0])}
	}
	kept := part("kept", [2]float64{dead[0] + free[0], dead[1] + free[1]})
	return cause.Split{Parts: []cause.SplitPart{part("rss", rss), part("live_heap", live), kept, part("dead_heap", dead), part("free_spans", free)}}
}

func TestKeptByRuntime_OnlyIfItExplainsTheGrowth(t *testing.T) {
	for name, c := range map[string]struct {
		split cause.Split
		found bool
	}{
		"kept":                {split([2]float64{30, 340}, [2]float64{10, 10}, [2]float64{2, 2}, [2]float64{0, 310}), true},
		"kept, part of it":    {split([2]float64{30, 340}, [2]float64{10, 12}, [2]float64{2, 100}, [2]float64{0, 200}), true},
		"the live heap grows": {split([2]float64{30, 340}, [2]float64{10, 150}, [2]float64{2, 2}, [2]float64{0, 170}), false},
		"native memory grows": {split([2]float64{30, 340}, [2]float64{10, 10}, [2]float64{2, 2}, [2]float64{0, 20}), false},
		"too little":          {split([2]float64{30, 40}, [2]float64{10, 10}, [2]float64{2, 2}, [2]float64{0, 10}), false},
		"none known":          {cause.Split{}, false},
	} {
		if text := keptByRuntime(c.split); (text != "") != c.found || c.found && !strings.Contains(text, "not a leak") {
			t.Errorf("%s: %q", name, text)
		}
	}
}

func TestWrite_MemoryInEveryFormat(t *testing.T) {
	r := Report{Verdict: soak.Clean, Reasons: []string{"no growth"}, Memory: &Memory{Split: split([2]float64{30, 340}, [2]float64{10, 10}, [2]float64{2, 2}, [2]float64{0, 310}), To: 60}}
	for format, write := range map[string]func(*bytes.Buffer) error{
		"text":     func(b *bytes.Buffer) error { return Text(b, r) },
		"markdown": func(b *bytes.Buffer) error { return Markdown(b, r, Charts{}) },
		"html":     func(b *bytes.Buffer) error { return HTML(b, r, Charts{}) },
		"json":     func(b *bytes.Buffer) error { return JSON(b, r) },
	} {
		var b bytes.Buffer
		want := "310 MiB"
		if format == "json" {
			want = `"free_spans"`
		}
		if err := write(&b); err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("%s: %v\n%.600s", format, err, b.String())
		}
	}
}
