package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"soakmon/soak"
	"soakmon/soak/report"
)

// A server with few descriptors cannot plant the leak that it is given.
func TestRun_ReportsUnplantedLeak(t *testing.T) {
	whole(t)
	t.Parallel()
	var out, errs bytes.Buffer
	cmd := exec.Command("sh", "-c", `ulimit -n 256 && exec "$0" "$@"`, binary, "run", "--dir", t.TempDir(), "--duration", "10s", "--leak", "fd=1000/s", "--format", "json")
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // its exit code is looked at
	var r report.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out.Bytes(), errs.Bytes())
	}
	if len(r.Unplanted) != 1 || r.Unplanted[0].Kind != "fd" || r.Unplanted[0].Steps < 10 || !strings.Contains(r.Unplanted[0].Why, "too many open files") {
		t.Errorf("%+v", r.Unplanted)
	}
	if r.Verdict == soak.Clean || !slices.ContainsFunc(r.Reasons, func(s string) bool { return strings.Contains(s, "planting the fd leak failed") }) {
		t.Errorf("%s: %v", r.Verdict, r.Reasons)
	}
}
