package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"soakmon/profiles"
	"soakmon/soak"
	"soakmon/store"
)

// profiled is a run file with a snapshot a minute of a program whose function
// main.keep holds 1 MiB more each minute.
func profiled(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.soak")
	w, err := store.Create(path, soak.Run{ID: "run", Name: "run", Command: "run", Start: time.Now()}, store.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		p := &profile.Profile{
			SampleType: []*profile.ValueType{{Type: "inuse_objects", Unit: "count"}, {Type: "inuse_space", Unit: "bytes"}},
			PeriodType: &profile.ValueType{Type: "space", Unit: "bytes"}, Period: 512 << 10,
		}
		for id, bytes := range []int64{int64(i+1) << 20, 5<<20 + int64(i%3)<<18} {
			f := &profile.Function{ID: uint64(id + 1), Name: []string{"main.keep", "main.work"}[id], Filename: "/src/main.go"}
			l := &profile.Location{ID: f.ID, Line: []profile.Line{{Function: f, Line: int64(10 * (id + 1))}}}
			p.Function, p.Location = append(p.Function, f), append(p.Location, l)
			p.Sample = append(p.Sample, &profile.Sample{Location: []*profile.Location{l}, Value: []int64{bytes / 1024, bytes}})
		}
		var b bytes.Buffer
		if err := p.Write(&b); err != nil {
			t.Fatal(err)
		}
		if err := w.PutProfile(soak.ProfileMeta{At: time.Duration(i) * time.Minute, Process: soak.RoleTarget, Kind: "heap", CPU: 0.01, Took: time.Millisecond}, b.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func printed(t *testing.T, args ...string) []byte {
	t.Helper()
	out, err := exec.Command(binary, args...).Output()
	if err != nil {
		t.Fatalf("soak %v: %v", args, err)
	}
	return out
}

func TestProfile_ShowsGrowth(t *testing.T) {
	path := profiled(t)
	text := string(printed(t, "profile", path))
	if first := strings.Index(text, "main.keep"); !strings.Contains(text, "▲") || first < 0 || first > strings.Index(text, "main.work") {
		t.Errorf("%s", text)
	}
	var v struct {
		Sites []struct {
			Function string
			Grows    bool
			Slope    float64 `json:"slope_per_hour"`
		}
	}
	if err := json.Unmarshal(printed(t, "profile", path, "--format", "json", "--top", "1"), &v); err != nil || len(v.Sites) != 1 || v.Sites[0].Function != "main.keep" || !v.Sites[0].Grows || v.Sites[0].Slope != 60<<20 {
		t.Errorf("%+v, %v", v, err)
	}
	growth, err := profiles.Parse(printed(t, "profile", path, "--format", "pprof"))
	if err != nil || growth.Sample[0].Location[0].Line[0].Function.Name != "main.keep" {
		t.Errorf("%v, %v", growth, err)
	}
	if out, err := exec.Command(binary, "profile", path, "--kind", "cpu").CombinedOutput(); err == nil || !strings.Contains(string(out), "30 of heap") {
		t.Errorf("%s", out)
	}
}

func TestProfile_HTTP(t *testing.T) {
	cmd := exec.Command(binary, "profile", profiled(t), "--http", ":0")
	home := t.TempDir()
	cmd.Env = []string{"HOME=" + home}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	url, _, _ := strings.Cut(line, " ")
	if err != nil || !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Fatalf("%q, %v", line, err)
	}
	for _, page := range []string{"", "flamegraph", "top"} {
		resp, err := http.Get(url + page)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || !bytes.Contains(b, []byte("main.keep")) {
			t.Errorf("/%s: %d, %.200s", page, resp.StatusCode, b)
		}
	}
	cmd.Process.Signal(syscall.SIGINT)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(home + "/*"); len(left) > 0 {
		t.Errorf("left behind in the home folder: %v", left)
	}
}
