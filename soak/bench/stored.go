package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"soakmon/soak"
	"soakmon/store"
)

// Command is that of a run file which holds a bench.
const Command = "bench"

// resultKind is that of the record which holds the result.
const resultKind = "bench"

// Profile is a CPU profile that is stored with the result.
type Profile struct {
	Meta soak.ProfileMeta
	Data []byte
}

// Save writes the run file of a bench: the result as a record, and its
// profiles.
func Save(dir string, r Result, kept []Profile) (path string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("folder of the run files: %w; name another with --dir", err)
	}
	run := soak.Run{
		ID: r.Run, Name: r.Name, Command: Command, Plan: soak.Plan{Name: r.Name, Conditions: r.Conditions}, Version: r.Version,
		Start: r.Start, End: r.Start.Add(time.Duration(r.Duration * float64(time.Second))), Host: r.Host, Ended: soak.EndFinished,
	}
	path = store.Path(dir, r.Run)
	w, err := store.Create(path, run, store.Options{})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	var data bytes.Buffer
	if err := JSON(&data, r); err != nil {
		return path, err
	}
	kept = append(kept, Profile{soak.ProfileMeta{At: run.End.Sub(run.Start), Wall: run.End, Process: soak.RoleMonitor, Kind: resultKind, Why: soak.ProfileEnd}, data.Bytes()})
	for _, k := range kept {
		if err := w.PutProfile(k.Meta, k.Data); err != nil {
			return path, err
		}
	}
	return path, nil
}

var errNoResult = errors.New("the file of this bench holds no result")

// Stored is a run file that is open.
type Stored interface {
	Run() soak.Run
	Profiles() ([]soak.ProfileMeta, error)
	Profile(id uint64) ([]byte, error)
}

// Load reads the result of a stored bench; false if the run is not a bench.
func Load(s Stored) (r Result, is bool, err error) {
	if s.Run().Command != Command {
		return r, false, nil
	}
	all, err := s.Profiles()
	if err != nil {
		return r, true, err
	}
	for _, m := range all {
		if m.Kind == resultKind {
			data, err := s.Profile(m.ID)
			if err != nil {
				return r, true, err
			}
			return r, true, json.Unmarshal(data, &r)
		}
	}
	return r, true, errNoResult
}
