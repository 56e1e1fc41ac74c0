package sink

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"soakmon/soak"
)

// least are options with which each kind of sink can be made; a new kind must
// work without any or be added here.
var least = map[string]string{"webhook": `{"url":"http://127.0.0.1:1/"}`}

func TestNew_RejectsUnknownOptions(t *testing.T) {
	if names := Names(); !slices.IsSorted(names) || len(names) < 2 {
		t.Fatal(names)
	}
	for _, name := range Names() {
		spec := soak.SinkSpec{Type: name, Options: soak.Options{JSON: json.RawMessage(least[name])}}
		if _, err := New(spec, Env{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		spec.Options.JSON = json.RawMessage(`{"no_such_option":1}`)
		if _, err := New(spec, Env{}); err == nil || !strings.Contains(err.Error(), "no_such_option") {
			t.Errorf("%s takes an unknown option: %v", name, err)
		}
	}
}

func TestRegister_DuplicatePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	register("log", newLog)
}

func TestLogSink_WritesToLogger(t *testing.T) {
	var out bytes.Buffer
	s, err := New(soak.SinkSpec{Type: "log"}, Env{Log: slog.New(slog.NewJSONHandler(&out, nil))})
	if err != nil {
		t.Fatal(err)
	}
	a := someAlert()
	a.Lo = soak.Float(math.NaN())
	if retry, err := s.Send(t.Context(), a); err != nil || retry {
		t.Fatal(retry, err)
	}
	var line struct {
		Time, Level, Msg string
		Alert            map[string]any
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err, out.String())
	}
	if line.Level != "WARN" || line.Time != "2026-03-01T02:01:00Z" || line.Msg != sentence(a) || line.Alert["slope_low"] != nil || line.Alert["slope_high"] != 7300.0 {
		t.Error(out.String())
	}
}

func TestLogSink_AppendsToFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "alerts.json")
	s := openSink(t, "log", fmt.Sprintf(`{"file":%q}`, path))
	for range 2 {
		if _, err := s.Send(t.Context(), someAlert()); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(path, path+".1"); err != nil { // as a log rotation does
		t.Fatal(err)
	}
	if _, err := s.Send(t.Context(), someAlert()); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]int{path + ".1": 2, path: 1} {
		data, err := os.ReadFile(file)
		if err != nil || strings.Count(string(data), "\n") != want {
			t.Errorf("%s: %v %s", file, err, data)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
	missing := openSink(t, "log", `{"file":"/no/such/folder/alerts.json"}`)
	if retry, err := missing.Send(t.Context(), someAlert()); err == nil || !retry {
		t.Error(retry, err)
	}
}

func TestSentence_Numbers(t *testing.T) {
	a := someAlert()
	a.State, a.Unit, a.Metric, a.Last, a.Reason = soak.Resolved, "bytes", "rss_bytes", 3.25*(1<<20), ""
	if got, want := sentence(a), "resolved (critical): rss_bytes of the target in run "+a.Run+"; now 3.25 MiB"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, c := range []struct {
		v    soak.Float
		unit string
		want string
	}{{1023, "bytes", "1020 B"}, {1 << 60, "bytes", "1020 PiB"}, {0.25, "seconds", "250 ms"}, {12, "count", "12"}, {-2048, "bytes", "-2 KiB"}} {
		if got := amount(c.v, c.unit); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
