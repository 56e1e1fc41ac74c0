package main

import (
	"encoding/json"
	"strings"
	"testing"

	"soakmon/soak/growth"
)

// whatGotSlowerIsNamed: CPU profiles of a server whose work grows under the same
// load name what got slower, early against late.
func (c cages) whatGotSlowerIsNamed(t *testing.T) {
	dir := t.TempDir()
	timing := strings.Replace(brief, "profiles: {every: 1s}", "profiles: {every: 2s, kinds: [cpu]}", 1)
	soakJSON(t, "run", c.plan(t, animal{}, "slower", timing, 10), "--dir", dir)
	var v struct {
		Kind, Unit string
		Snapshots  int
		Sites      []growth.Site
	}
	if err := json.Unmarshal(printed(t, "profile", "last", "--dir", dir, "--kind", "cpu", "--format", "json"), &v); err != nil {
		t.Fatal(err)
	}
	if v.Kind != "cpu" || v.Snapshots < 8 || len(v.Sites) == 0 {
		t.Fatalf("%+v", v)
	}
	// How certain it is depends on what else the machine does meanwhile.
	if s := v.Sites[0]; s.Function != "main.scanAll" || s.Slope <= 0 || s.Share < 0.5 || s.P > 0.05 {
		t.Errorf("first is %+v", s)
	}
	if text := string(printed(t, "profile", "last", "--dir", dir, "--kind", "cpu")); !strings.Contains(text, "main.scanAll") {
		t.Errorf("%s", text)
	}
}
