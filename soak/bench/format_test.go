package bench

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/perf/benchfmt"

	"soakmon/soak"
)

var update = flag.Bool("update", false, "write the golden files anew")

// example is a result with everything in it.
func example() Result {
	about := func(v float64) []soak.Float {
		return values(v, v*1.01, v*0.99, v*1.02, v*0.98, v)
	}
	figures := func(factor float64) map[string][]soak.Float {
		f := map[string][]soak.Float{}
		for _, k := range Kinds {
			base := map[string]float64{perSecond: 2e9, seconds: 30e-6, rate: 8000, perGB: 0.2, bytesUnit: 30 << 10}[k.Unit]
			if k.More {
				base /= factor
			} else {
				base *= factor
			}
			f[k.Name] = about(base)
		}
		return f
	}
	slow := figures(8)
	slow["echo_p99"] = values(math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN())
	r := Result{
		Run: "20261125T030000Z-bench-abcd", Name: "bench", Version: "v1", Start: time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC),
		Duration: 100, Rounds: 6, Host: soak.Host{CPUs: 2, Kernel: "6.18"},
		Rows: []Row{row(Direct, "tcp", figures(1)), row(Relay, "tcp_relay", figures(2)), row("hysteria2", "hysteria2", slow), row("hysteria2 by sing-box", "hysteria2", figures(10))},
	}
	r.Rows[3].Client = "sing-box"
	r.Rows[2].Figures[5].Missing = "40 in a round are too few; a longer --duration has more"
	r.Rows[2].Hot = []Hot{{"server", "runtime.memmove", 0.25}}
	r.Rows[2].Trials = []Trial{
		{Name: "concurrent_500", Unit: seconds, AtMost: 10, Sessions: 500, Value: 0.2, P50: 0.001, P99: 0.01, Rate: 40_000, Memory: 90 << 10},
		{Name: "concurrent_5000", Unit: seconds, Sessions: 5000, Value: 2.4, P50: 0.011, P99: 0.12, Rate: 39_000, Memory: 95 << 10},
	}
	r.Finish(true, DefaultBounds)
	return r
}

func TestFormats_Golden(t *testing.T) {
	for file, write := range map[string]func(io.Writer, Result) error{
		"text.golden": Text, "json.golden": JSON, "markdown.golden": Markdown, "html.golden": HTML, "gobench.golden": GoBench,
	} {
		var got bytes.Buffer
		if err := write(&got, example()); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", file)
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s differs (go test -update writes it anew):\n%s", file, got.Bytes())
		}
	}
}

func TestJSON_RoundTrip(t *testing.T) {
	var first, second bytes.Buffer
	if err := JSON(&first, example()); err != nil {
		t.Fatal(err)
	}
	var back Result
	if err := json.Unmarshal(first.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if err := JSON(&second, back); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Error("a result that was read and written again differs")
	}
	if !reflect.DeepEqual(back.Reasons, example().Reasons) {
		t.Error(back.Reasons)
	}
}

func TestGoBench_ReadByBenchstat(t *testing.T) {
	var out bytes.Buffer
	r := example()
	if err := GoBench(&out, r); err != nil {
		t.Fatal(err)
	}
	reader := benchfmt.NewReader(&out, "out")
	lines, downs := 0, []float64{}
	for reader.Scan() {
		switch rec := reader.Result().(type) {
		case *benchfmt.SyntaxError:
			t.Error(rec)
		case *benchfmt.Result:
			lines++
			if v, ok := rec.Value("down-B/s"); ok && strings.HasPrefix(string(rec.Name), "Soak/protocol=direct-TCP/") {
				downs = append(downs, v)
			}
		}
	}
	if err := reader.Err(); err != nil {
		t.Fatal(err)
	}
	f, _ := r.Rows[0].Figure("down")
	if lines != 4*6 || fmt.Sprint(downs) != fmt.Sprint(floats(f.Values)) {
		t.Errorf("%d lines, down %v; want 24 and %v", lines, downs, f.Values)
	}
	if reader.Units().GetBetter("down-B/s") != 1 || reader.Units().GetBetter("echo-p50-sec") != -1 {
		t.Error("the direction of a unit is not told")
	}
}

func TestHTML_EscapesNames(t *testing.T) {
	r := example()
	r.Rows[2].Name = `<script>alert(1)</script>|x`
	var page, table bytes.Buffer
	if err := HTML(&page, r); err != nil {
		t.Fatal(err)
	}
	if err := Markdown(&table, r); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(page.String(), "<script>") || !strings.Contains(table.String(), `\|x`) {
		t.Error("a name was taken for markup")
	}
	for _, outside := range []string{"http://", "https://", "src="} {
		if strings.Contains(page.String(), outside) {
			t.Errorf("the page needs something else: %s", outside)
		}
	}
}
