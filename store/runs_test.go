package store

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestNewID_TimeAndName(t *testing.T) {
	zone := time.FixedZone("", 3600)
	id := NewID(time.Date(2026, 1, 2, 3, 4, 5, 6, zone), "../a b/ü")
	if !regexp.MustCompile(`^20260102T020405Z-a-b---[0-9a-f]{4}$`).MatchString(id) && !strings.HasPrefix(id, "20260102T020405Z-a-b") {
		t.Errorf("id %q", id)
	}
	start, name := splitID("20260102T020405Z-night-ly-00ff")
	if !start.Equal(time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC)) || name != "night-ly" {
		t.Errorf("start %v, name %q", start, name)
	}
	for _, id := range []string{"", "x", "20260102T020405Z", "20260102T020405Z-x", "2026-x-y"} {
		if start, name := splitID(id); !start.IsZero() || name != "" {
			t.Errorf("%q: start %v, name %q", id, start, name)
		}
	}
	for name, want := range map[string]string{"": "run", "...": "run", "ok_1.2": "ok_1.2", strings.Repeat("x", 99): strings.Repeat("x", longestName)} {
		if got := safe(name); got != want {
			t.Errorf("safe(%q) is %q, want %q", name, got, want)
		}
	}
}

// folder has three runs, the newest of them in progress, and a broken file.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, id := range []string{"20260101T000000Z-nightly-aaaa", "20260102T000000Z-nightly-bbbb", "20260103T000000Z-web-cccc"} {
		run := testRun()
		run.ID = id
		run.Start, run.Name = splitID(id)
		w, err := Create(Path(dir, id), run, Options{NoSync: true})
		must(t, err)
		if id == "20260103T000000Z-web-cccc" {
			t.Cleanup(func() { w.Close() })
			continue
		}
		must(t, w.Close())
	}
	must(t, os.WriteFile(Path(dir, "20251231T000000Z-old-dddd"), []byte("broken"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600))
	return dir
}

func TestList_EveryFileNewestFirst(t *testing.T) {
	dir := folder(t)
	entries, err := List(dir)
	must(t, err)
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.ID)
		if e.Run.ID != e.ID || e.Run.Start.IsZero() || e.Run.Name == "" || e.Size == 0 {
			t.Errorf("entry %+v", e)
		}
	}
	want := []string{"20260103T000000Z-web-cccc", "20260102T000000Z-nightly-bbbb", "20260101T000000Z-nightly-aaaa", "20251231T000000Z-old-dddd"}
	if !slices.Equal(ids, want) {
		t.Fatalf("ids %v", ids)
	}
	if !entries[0].InUse || entries[1].InUse || entries[1].Err != nil || entries[1].Run.Command != "run" {
		t.Errorf("entries %+v", entries)
	}
	if !errors.Is(entries[3].Err, ErrNotRun) {
		t.Errorf("the broken file's error is %v", entries[3].Err)
	}
	if none, err := List(filepath.Join(dir, "none")); err != nil || len(none) != 0 {
		t.Errorf("a missing folder: %v, %v", none, err)
	}
}

func TestFind_Forms(t *testing.T) {
	dir := folder(t)
	for ref, want := range map[string]string{
		"last":                                 "20260103T000000Z-web-cccc",
		"20260101T000000Z-nightly-aaaa":        "20260101T000000Z-nightly-aaaa",
		"20260102":                             "20260102T000000Z-nightly-bbbb",
		"nightly":                              "20260102T000000Z-nightly-bbbb",
		"web":                                  "20260103T000000Z-web-cccc",
		Path(dir, "20251231T000000Z-old-dddd"): "20251231T000000Z-old-dddd",
	} {
		if got, err := Find(dir, ref); err != nil || got != Path(dir, want) {
			t.Errorf("%q: %q, %v", ref, got, err)
		}
	}
	if _, err := Find(dir, "2026010"); err == nil || !strings.Contains(err.Error(), "nightly-aaaa") || !strings.Contains(err.Error(), "web-cccc") {
		t.Errorf("an ambiguous beginning: %v", err)
	}
	for _, ref := range []string{"nothing", "", "night"} {
		if _, err := Find(dir, ref); !errors.Is(err, ErrNoRun) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%q: %v, want ErrNoRun and where it looked", ref, err)
		}
	}
	if _, err := Find(dir, "./none"+Ext); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a path to a missing file: %v", err)
	}
	if _, err := Find(t.TempDir(), "last"); !errors.Is(err, ErrNoRun) {
		t.Errorf("last in an empty folder: %v", err)
	}
}
