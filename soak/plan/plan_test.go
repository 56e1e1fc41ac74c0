package plan

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func mustParse(t *testing.T, text string) soak.Plan {
	t.Helper()
	p, err := Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustComplete(t *testing.T, p soak.Plan) soak.Plan {
	t.Helper()
	if err := Complete(&p); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestLoad_ReportsEveryError(t *testing.T) {
	t.Setenv("SOAK_TEST_EMPTY", "")
	paths, err := filepath.Glob("testdata/wrong/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatal("no plans to test", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			_, err := Load(path)
			if err == nil {
				t.Fatal("this plan was accepted")
			}
			golden := strings.TrimSuffix(path, ".yaml") + ".txt"
			got := []byte(err.Error() + "\n")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestDefault_Values(t *testing.T) {
	p := mustComplete(t, Default())
	if p.Name != "tcp" || p.Duration != 2*time.Minute || p.Interval != time.Second || p.Warmup != 20*time.Second {
		t.Errorf("name %q, duration %s, interval %s, warmup %s", p.Name, p.Duration, p.Interval, p.Warmup)
	}
	if !slices.Equal(p.Target.Embedded, soak.Protocols{"tcp"}) || !p.Target.Tree || p.Target.Ready.Timeout != time.Minute {
		t.Errorf("target %+v", p.Target)
	}
	want := soak.Workload{Name: "tcp", Protocol: "tcp", Network: "tcp", Rate: 200, Payload: 4096, Concurrency: 200, PerSession: 20, Timeout: 10 * time.Second}
	if len(p.Load) != 1 || !reflect.DeepEqual(p.Load[0], want) {
		t.Errorf("load %+v", p.Load)
	}
	if p.Rest.Every != 0 || p.Rest.For != 0 || p.Rest.Settle != 20*time.Second {
		t.Errorf("rest %+v", p.Rest)
	}
	if p.Profiles.Every != 10*time.Second || !reflect.DeepEqual(p.Profiles.Kinds, []string{"heap", "goroutine"}) {
		t.Errorf("profiles %+v", p.Profiles)
	}
}

func TestComplete_DefaultsFromDuration(t *testing.T) {
	for _, c := range []struct{ duration, warmup, rest, profiles time.Duration }{
		{10 * time.Second, 10 * time.Second / 3, 0, 10 * time.Second},
		{time.Minute, 10 * time.Second, 0, 10 * time.Second},
		{10 * time.Minute, 100 * time.Second, 100 * time.Second, 20 * time.Second},
		{30 * time.Minute, 5 * time.Minute, 5 * time.Minute, time.Minute},
		{2 * time.Hour, 10 * time.Minute, 20 * time.Minute, 4 * time.Minute},
		{24 * time.Hour, 10 * time.Minute, time.Hour, 10 * time.Minute},
	} {
		p := Default()
		p.Duration = c.duration
		p = mustComplete(t, p)
		if p.Warmup != c.warmup || p.Rest.Every != c.rest || p.Profiles.Every != c.profiles {
			t.Errorf("%s: warmup %s, rest %s, profiles %s", c.duration, p.Warmup, p.Rest.Every, p.Profiles.Every)
		}
	}
}

func TestComplete_KeepsExplicitZeros(t *testing.T) {
	p := mustComplete(t, mustParse(t, `
duration: 3h
warmup: 0
target: {embedded: tcp, tree: false}
load: [{rate: 5, requests_per_session: 0}]
rest: {every: 0, for: 0s, settle: 0}
profiles: {every: 0}`))
	if p.Warmup != 0 || p.Rest != (soak.Rest{}) || p.Profiles.Every != 0 || p.Load[0].PerSession != 0 || p.Target.Tree {
		t.Errorf("%+v", p)
	}
}

func TestComplete_Idempotent(t *testing.T) {
	once, err := Load("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	twice := mustComplete(t, once)
	if !reflect.DeepEqual(once, twice) {
		t.Errorf("once:\n%+v\ntwice:\n%+v", once, twice)
	}
}

func TestComplete_LoadsUseTargetAddress(t *testing.T) {
	p := mustComplete(t, mustParse(t, `
target: {listen: :8080}
load:
- {protocol: tcp, rate: 1/min}
- {protocol: tcp, rate: 50, address: 9000, payload: 10_000}
- {protocol: tcp, rate: 1, name: tcp-2, url: http://127.0.0.1/}`))
	got := strings.Join([]string{p.Load[0].Name, p.Load[1].Name, p.Load[2].Name, p.Load[0].Address, p.Load[1].Address, p.Load[2].Address}, " ")
	if got != "tcp tcp-3 tcp-2 127.0.0.1:8080 127.0.0.1:9000 " {
		t.Error(got)
	}
	if p.Load[1].Payload != 10_000 {
		t.Error(p.Load[1].Payload)
	}
	if p.Load[0].Concurrency != 1 || p.Load[1].Concurrency != 200 || p.Load[2].Concurrency != 10 {
		t.Error(p.Load[0].Concurrency, p.Load[1].Concurrency, p.Load[2].Concurrency)
	}
}

func TestParse_AnchorsAndMergeKeys(t *testing.T) {
	p := mustComplete(t, mustParse(t, `
target: {embedded: tcp}
load:
- &base {protocol: tcp, rate: 50, payload: 1KiB}
- <<: *base
  name: other
  rate: 60
- *base`))
	if len(p.Load) != 3 || p.Load[1].Payload != 1024 || p.Load[1].Rate != 60 || p.Load[2].Rate != 50 {
		t.Errorf("%+v", p.Load)
	}
}

func TestParse_NestedAliases(t *testing.T) {
	var b strings.Builder
	b.WriteString("target: {embedded: tcp}\nsinks:\n- type: log\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 12 {
		fmt.Fprintf(&b, "  a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	_, err := Parse("bomb.yaml", []byte(b.String()))
	if err == nil || !strings.Contains(err.Error(), "expands to too many values") {
		t.Fatal(err)
	}
	_, err = Parse("loop.yaml", []byte("target: {embedded: tcp}\nsinks: [{type: log, a: &a [*a]}]"))
	if err == nil || !strings.Contains(err.Error(), "expands to too many values") {
		t.Fatal(err)
	}
}

func TestParse_OptionLines(t *testing.T) {
	p := mustParse(t, `target: {embedded: tcp}
load:
- protocol: http
  rate: 1
  options:
    headers:
      X-A: [one,
            two]
    status: 204
    on: true
sinks:
- type: log
  file: /x
- type: webhook
  options: {url: "http://127.0.0.1"}`)
	o := p.Load[0].Options
	if string(o.JSON) != `{"headers":{"X-A":["one","two"]},"on":true,"status":204}` {
		t.Errorf("%s", o.JSON)
	}
	want := map[string]int{"": 5, "headers": 6, "headers.X-A": 7, "headers.X-A[0]": 7, "headers.X-A[1]": 8, "status": 9, "on": 10}
	if o.File != "test.yaml" || !reflect.DeepEqual(o.Line, want) {
		t.Errorf("%s %v", o.File, o.Line)
	}
	if s := p.Sinks[0]; s.Type != "log" || string(s.Options.JSON) != `{"file":"/x"}` || s.Options.Line["file"] != 13 {
		t.Errorf("%+v", s)
	}
	if s := p.Sinks[1]; s.Type != "webhook" || string(s.Options.JSON) != `{"url":"http://127.0.0.1"}` || s.Options.Line["url"] != 15 {
		t.Errorf("%+v", s)
	}
}

func TestSource_Errorf(t *testing.T) {
	_, src, err := LoadSource("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile("testdata/full.yaml")
	line := 1 + strings.Count(string(data[:strings.Index(string(data), "schedule:")]), "\n")
	got := src.Errorf("schedule", "invalid cron spec: %q", "x").Error()
	if want := fmt.Sprintf(`testdata/full.yaml:%d: schedule: invalid cron spec: "x"`, line); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := (Source{}).Errorf("name", "bad").Error(); got != "name: bad" {
		t.Error(got)
	}
}

func TestComplete_ErrorWithoutFile(t *testing.T) {
	p := Default()
	p.Interval = time.Minute
	err := Complete(&p)
	if want := "interval: 1m gives fewer than 10 samples in 2m: use at most 12s"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestLoad_StandardInput(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stdin
	os.Stdin = r
	defer func() { os.Stdin = before; r.Close() }()
	fmt.Fprint(w, "target: {embedded: tcp}\nduraton: 1m\n")
	w.Close()
	_, err = Load("-")
	if want := `<stdin>:2: duraton: unknown key: did you mean "duration"?`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestTemplate_IsDefaultRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plan.yaml")
	if err := os.WriteFile(path, Template(), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	want := mustComplete(t, Default())
	want.File = path
	if !reflect.DeepEqual(p, want) {
		t.Errorf("the template is not the default run:\n%+v\n%+v", p, want)
	}
}

func TestTemplate_ShowsDefaults(t *testing.T) {
	text := strings.ReplaceAll(string(Template()), "#= ", "")
	p := mustComplete(t, mustParse(t, text))
	want := mustComplete(t, Default())
	want.File = "test.yaml"
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got:\n%+v\nwant:\n%+v", p, want)
	}
}

func TestTemplate_ShowsEveryKey(t *testing.T) {
	t.Setenv("ALERT_TOKEN", "somebody")
	text := regexp.MustCompile(`#[=:] `).ReplaceAllString(string(Template()), "")
	text = strings.NewReplacer("restart: false", "restart: true", "catch_up: false", "catch_up: true",
		"every: 0 ", "every: 9m ", "for: 0s", "for: 1s", "jitter: 0s", "jitter: 1s", "keep: 0", "keep: 3").Replace(text)
	p := mustParse(t, text)
	p.Load[0].Options.Line = nil
	for _, field := range empty("", reflect.ValueOf(p)) {
		switch field {
		case "Load[0].Options.Line", "Target.Leaks[0].Operations", "Target.Leaks[1].Every", "Target.Leaks[2].Operations", "Target.Leaks[3].Every", "Target.Leaks[3].Operations",
			"Target.Leaks[0].Dirty", "Target.Leaks[1].Dirty", "Target.Leaks[2].Dirty":
		case "Rules[0].MaxGrowth.Percent", "Tolerance[fds].Value", "Tolerance[fds].Percent", "Tolerance[rss_bytes].Percent":
		case "Sinks[0].Options.Line", "Sinks[0].Options.JSON":
		default:
			t.Errorf("the template does not show %s", field)
		}
	}
}

// empty lists the fields that hold their zero value or are unset.
func empty(path string, v reflect.Value) (fields []string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return empty(path, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fields = append(fields, empty(strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."), v.Field(i))...)
		}
		return fields
	case reflect.Slice:
		if v.Len() > 0 && v.Index(0).Kind() == reflect.Struct {
			for i := range v.Len() {
				fields = append(fields, empty(fmt.Sprintf("%s[%d]", path, i), v.Index(i))...)
			}
			return fields
		}
	}
	if v.IsZero() || v.CanInt() && v.Int() < 0 {
		return []string{path}
	}
	return nil
}

func TestComplete_DatagramDefaults(t *testing.T) {
	p, err := Parse("p.yaml", []byte("target: {embedded: udp}\nload:\n- {protocol: udp, rate: 50}\n- {protocol: udp, rate: 50, max_loss: 0%, payload: 16}\n- {protocol: tcp, rate: 50}\n"))
	if err != nil {
		t.Fatal(err)
	}
	p = mustComplete(t, p)
	if w := p.Load[0]; w.Network != "udp" || w.Payload != 1200 || w.MaxLoss != 0.01 {
		t.Errorf("%+v", w)
	}
	if w := p.Load[1]; w.Payload != 16 || w.MaxLoss != 0 {
		t.Errorf("%+v", w)
	}
	if w := p.Load[2]; w.Network != "tcp" || w.Payload != 4096 || w.MaxLoss != 0 {
		t.Errorf("%+v", w)
	}
}

func TestComplete_Isolate(t *testing.T) {
	const two = "load:\n- {rate: 9, protocol: tcp}\n- {rate: 9, protocol: http}\n"
	for text, want := range map[string]string{
		"isolate: true\nduration: 1h\n" + two:                                           "",
		"isolate: true\nduration: 1h\nload:\n- {rate: 9, protocol: tcp}\n":              "isolate: isolate needs at least two loads",
		"isolate: true\nduration: 30s\nwarmup: 5s\n" + two:                              "too short for 2 loads to run alone twice, 8s each time: use at least 37s",
		"isolate: true\nduration: 1h\nrest: {every: 10m}\n" + two:                       "rest.every: a rest would shorten one load's turn",
		"isolate: true\nduration: 1h\nuntil_decided: true\n" + two:                      "until_decided: an isolated run needs all its turns",
		"isolate: true\nduration: 1h\n" + two + "- {rate: 9, protocol: tcp, vary: 30%}": "load[2].vary: a load cannot vary while loads run alone in turns",
	} {
		p, err := Parse("p.yaml", []byte("target: {embedded: tcp}\n"+text))
		if err == nil {
			err = Complete(&p)
		}
		switch {
		case want == "" && (err != nil || p.Rest.Every != 0):
			t.Errorf("%v; a rest every %v", err, p.Rest.Every)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
