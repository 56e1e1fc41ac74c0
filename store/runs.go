package store

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"soakmon/soak"
)

// idTime is the time format at the beginning of a run's id: ids sort by time.
const idTime = "20060102T150405Z"

// longestName is the maximum length of a run's name in its id, in bytes.
const longestName = 40

// NewID returns an id for a run that starts at t: 20060102T150405Z-name-xxxx, in
// UTC, with the name made safe for a file name and four random hex digits.
func NewID(t time.Time, name string) string {
	var random [2]byte
	rand.Read(random[:]) // never fails
	return t.UTC().Format(idTime) + "-" + safe(name) + "-" + hex.EncodeToString(random[:])
}

// safe replaces every character of a name other than ASCII letters, digits, dots,
// dashes and underscores by a dash.
func safe(name string) string {
	s := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '-'
	}, name)
	s = strings.Trim(s[:min(len(s), longestName)], ".-")
	return cmp.Or(s, "run")
}

// Path is the path of a run's file in a folder of runs.
func Path(dir, id string) string { return filepath.Join(dir, id+Ext) }

// splitID returns the start and the name in an id. Both are zero if the id is invalid.
func splitID(id string) (time.Time, string) {
	start, rest, _ := strings.Cut(id, "-")
	t, err := time.Parse(idTime, start)
	end := strings.LastIndexByte(rest, '-')
	if err != nil || end < 0 {
		return time.Time{}, ""
	}
	return t, rest[:end]
}

// Entry is a run file in a folder.
type Entry struct {
	Path  string
	ID    string   // from the file's name
	Run   soak.Run // only ID, Start and Name if InUse or Err is set
	InUse bool     // the run is still in progress
	Size  int64    // bytes
	Err   error    // why the file cannot be read
}

// List returns the runs in a folder, newest first. A file that cannot be read is an
// entry with Err. A folder that does not exist has no runs.
func List(dir string) ([]Entry, error) {
	ids, err := idsIn(dir)
	if err != nil {
		return nil, err
	}
	var all []Entry
	for _, id := range ids {
		all = append(all, entry(dir, id))
	}
	slices.SortStableFunc(all, func(a, b Entry) int { return b.Run.Start.Compare(a.Run.Start) })
	return all, nil
}

// idsIn returns the ids of all run files in a folder, newest first.
func idsIn(dir string) ([]string, error) {
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("store: list runs: %w", err)
	}
	var ids []string
	for _, f := range files {
		if id, ok := strings.CutSuffix(f.Name(), Ext); ok && !strings.HasPrefix(id, ".") {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	return ids, nil
}

// entry describes one file.
func entry(dir, id string) Entry {
	e := Entry{Path: Path(dir, id), ID: id}
	e.Run.ID = id
	e.Run.Start, e.Run.Name = splitID(id)
	info, err := os.Stat(e.Path)
	if err != nil {
		e.Err = err
		return e
	}
	e.Size = info.Size()
	r, err := open(e.Path, time.Nanosecond) // one attempt: a list must not wait for locks
	switch {
	case errors.Is(err, ErrInUse):
		e.InUse = true
	case err != nil:
		e.Err = err
	default:
		e.Run, e.Err = r.Run(), r.Close()
	}
	return e
}

// Find returns the file that RUN on a command line refers to: a path, an id, the
// beginning of exactly one id, a name (its newest run) or "last". The error is
// [ErrNoRun] if there is none, and lists the candidates if there are several.
func Find(dir, ref string) (string, error) {
	if strings.ContainsRune(ref, filepath.Separator) || strings.HasSuffix(ref, Ext) {
		if _, err := os.Stat(ref); err != nil {
			return "", fmt.Errorf("store: find run: %w", err)
		}
		return ref, nil
	}
	ids, err := idsIn(dir)
	if err != nil {
		return "", err
	}
	id, err := choose(ids, ref)
	if err != nil {
		return "", fmt.Errorf("%w (looked in %s)", err, dir)
	}
	return Path(dir, id), nil
}

// choose picks an id from ids, which are sorted newest first.
func choose(ids []string, ref string) (string, error) {
	if len(ids) == 0 {
		return "", fmt.Errorf("%w: there are no runs", ErrNoRun)
	}
	if ref == "last" {
		return ids[0], nil
	}
	var begin, named []string
	for _, id := range ids {
		if id == ref {
			return id, nil
		}
		if ref != "" && strings.HasPrefix(id, ref) {
			begin = append(begin, id)
		}
		if _, name := splitID(id); ref != "" && name == safe(ref) {
			named = append(named, id)
		}
	}
	switch {
	case len(begin) == 1:
		return begin[0], nil
	case len(begin) > 1:
		return "", fmt.Errorf("%q is ambiguous: it is the beginning of %d ids: %s", ref, len(begin), strings.Join(begin, ", "))
	case len(named) > 0:
		return named[0], nil
	}
	return "", fmt.Errorf("%w: %q: use a path, an id, the beginning of an id, a name or \"last\"", ErrNoRun, ref)
}
