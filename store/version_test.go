package store

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"soakmon/soak"
)

// oldFile is a run file of layout version 1, written by a program of that version:
// a minute of two series, an event and a profile with NaN, an alert with infinities.
func oldFile(t *testing.T) string {
	t.Helper()
	packed, err := os.ReadFile("testdata/version1.soak.gz")
	must(t, err)
	in, err := gzip.NewReader(bytes.NewReader(packed))
	must(t, err)
	data, err := io.ReadAll(in)
	must(t, err)
	path := filepath.Join(t.TempDir(), "20260102T030405Z-old-0001.soak")
	must(t, os.WriteFile(path, data, 0o600))
	return path
}

func checkOldFile(t *testing.T, path string) {
	t.Helper()
	r, err := Open(path)
	must(t, err)
	defer r.Close()
	if got := r.Run(); got.Ended != soak.EndFinished || !slices.Equal(got.Plan.Target.Embedded, soak.Protocols{"tcp", "ssh"}) {
		t.Errorf("head %+v", got)
	}
	latency := soak.SeriesOf(soak.RoleDriver, `latency_seconds{load="tcp",q="0.99"}`)
	if got := r.Names(); !slices.Contains(got, latency) || !slices.Contains(got, soak.SeriesOf(soak.RoleTarget, "fds")) {
		t.Errorf("names %v", got)
	}
	s, err := r.Series(soak.SeriesOf(soak.RoleTarget, "fds"))
	if err != nil || len(s.At) < 60 || s.Value[59] != 69 {
		t.Errorf("fds %v, error %v", s, err)
	}
	events, err := r.Events()
	if err != nil || len(events) != 1 || events[0].Kind != soak.EventPhase || !math.IsNaN(float64(events[0].Value)) {
		t.Errorf("events %+v, error %v", events, err)
	}
	alerts, err := r.Alerts()
	if err != nil || len(alerts) != 1 || alerts[0].Slope != 3600 || !math.IsInf(float64(alerts[0].Hi), 1) || !math.IsNaN(float64(alerts[0].Last)) {
		t.Errorf("alerts %+v, error %v", alerts, err)
	}
	profiles, err := r.Profiles()
	if err != nil || len(profiles) != 1 || profiles[0].Why != soak.ProfileStart || !math.IsNaN(float64(profiles[0].CPU)) {
		t.Errorf("profiles %+v, error %v", profiles, err)
	}
	if problems, err := Verify(path); err != nil || len(problems) > 0 {
		t.Errorf("problems %v, error %v", problems, err)
	}
}

func TestOpen_Version1(t *testing.T) { checkOldFile(t, oldFile(t)) }

func TestReopen_UpgradesVersion1(t *testing.T) {
	path := oldFile(t)
	w, err := Reopen(path, Options{NoSync: true})
	must(t, err)
	fresh := soak.SeriesID{Host: "h", Target: "b", Process: soak.RoleTarget, Metric: "threads"}
	must(t, w.Append(soak.Row{At: time.Hour, Wall: testStart.Add(time.Hour), Samples: []soak.Sample{
		{SeriesID: soak.SeriesOf(soak.RoleTarget, "fds"), Value: 5}, {SeriesID: fresh, Value: 7}}}))
	must(t, w.Close())
	checkOldFile(t, path)
	r, err := Open(path)
	must(t, err)
	defer r.Close()
	if s, err := r.Series(fresh); err != nil || !slices.Equal(s.Value, []float64{7}) {
		t.Errorf("series with a host %+v, error %v", s, err)
	}
	must(t, r.db.View(func(tx *bbolt.Tx) error {
		if v := string(tx.Bucket(bucketMeta).Get(keyVersion)); v != version {
			t.Errorf("version %q after Reopen", v)
		}
		return nil
	}))
}

// A file of a later minor version has buckets and fields that this program does
// not know; it is read. One of another version is refused.
func TestOpen_LaterVersions(t *testing.T) {
	for _, c := range []struct {
		version, minor string
		want           error
	}{{"2", "7", nil}, {"3", "0", ErrVersion}} {
		path := filepath.Join(t.TempDir(), "later.soak")
		w, err := Create(path, testRun(), Options{NoSync: true})
		must(t, err)
		must(t, w.Close())
		db, err := bbolt.Open(path, 0o600, nil)
		must(t, err)
		must(t, db.Update(func(tx *bbolt.Tx) error {
			meta := tx.Bucket(bucketMeta)
			var head map[string]any
			err := json.Unmarshal(meta.Get(keyRun), &head)
			head["later"] = 1
			data, err2 := json.Marshal(head)
			_, err3 := tx.CreateBucket([]byte("later"))
			return errors.Join(err, err2, err3, meta.Put(keyVersion, []byte(c.version)), meta.Put(keyMinor, []byte(c.minor)), meta.Put(keyRun, data))
		}))
		must(t, db.Close())
		r, err := Open(path)
		if !errors.Is(err, c.want) {
			t.Errorf("version %s.%s: %v, want %v", c.version, c.minor, err, c.want)
		}
		if err == nil {
			must(t, r.Close())
		}
	}
}
