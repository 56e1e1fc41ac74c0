package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"soakmon/soak"
	"soakmon/soak/bench"
	"soakmon/store"
)

const (
	benchRun  = "bench" // soak.Run.Command
	benchKind = "bench" // of the record that holds the result
)

// keptProfile is a profile to keep beside the result.
type keptProfile struct {
	meta soak.ProfileMeta
	data []byte
}

// keepBench writes the run file of a bench: the result as a record, and its
// profiles.
func keepBench(dir string, r bench.Result, kept []keptProfile) (path string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("folder of the run files: %w; name another with --dir", err)
	}
	run := soak.Run{
		ID: r.Run, Name: r.Name, Command: benchRun, Plan: soak.Plan{Name: r.Name, Conditions: r.Conditions}, Version: r.Version,
		Start: r.Start, End: r.Start.Add(time.Duration(r.Duration * float64(time.Second))), Host: r.Host, Ended: soak.EndFinished,
	}
	path = store.Path(dir, r.Run)
	w, err := store.Create(path, run, store.Options{})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	var data bytes.Buffer
	if err := bench.JSON(&data, r); err != nil {
		return path, err
	}
	kept = append(kept, keptProfile{soak.ProfileMeta{At: run.End.Sub(run.Start), Wall: run.End, Process: soak.RoleMonitor, Kind: benchKind, Why: soak.ProfileEnd}, data.Bytes()})
	for _, k := range kept {
		if err := w.PutProfile(k.meta, k.data); err != nil {
			return path, err
		}
	}
	return path, nil
}

var errNoResult = errors.New("the file of this bench holds no result")

// readBench gives the result of a stored bench; false where the run is none.
func readBench(path string) (r bench.Result, is bool, err error) {
	s, err := openRun(path)
	if err != nil {
		return r, false, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if s.Run().Command != benchRun {
		return r, false, nil
	}
	all, err := s.Profiles()
	if err != nil {
		return r, true, err
	}
	for _, m := range all {
		if m.Kind == benchKind {
			data, err := s.Profile(m.ID)
			if err != nil {
				return r, true, err
			}
			return r, true, json.Unmarshal(data, &r)
		}
	}
	return r, true, errNoResult
}

// describeBench is the row of a bench in the list of runs.
func describeBench(row listed, path string) listed {
	r, _, err := readBench(path)
	if err != nil {
		row.Error = err.Error()
		return row
	}
	row.Name, row.Start, row.Duration, row.Verdict, row.ExitCode = r.Name, r.Start, r.Duration, soak.State(r.Verdict), r.ExitCode
	return row
}

// reportBench prints a stored bench; false where the run is none. The error
// carries its exit code.
func reportBench(s streams, path, format, output string) (is bool, err error) {
	r, is, err := readBench(path)
	if !is || err != nil {
		return is, err
	}
	if err := checkFormat(format, benchFormats...); err != nil {
		return true, err
	}
	out, err := openOutput(s, output)
	if err != nil {
		return true, err
	}
	if err := errors.Join(writeBench(out, r, format), out.Close()); err != nil {
		return true, err
	}
	return true, exitCode(r.ExitCode)
}
