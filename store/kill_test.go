package store

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"soakmon/soak"
)

// killPath makes the test binary a writer that runs until it is killed.
const killPath = "SOAK_STORE_KILL_TEST"

func TestMain(m *testing.M) {
	if path := os.Getenv(killPath); path != "" {
		fmt.Fprintln(os.Stderr, appendForever(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// appendForever writes rows, events and profiles as fast as it can, and prints the
// number of each row that it has appended.
func appendForever(path string) error {
	w, err := Create(path, testRun(), Options{Cap: 16 << 20})
	if err != nil {
		return err
	}
	start := time.Now()
	for n := 0; ; n++ {
		at := time.Since(start)
		r := row(at, map[string]float64{"fds": float64(n), "rss_bytes": float64(4096 * (n % 100)), "foreign": 1 / float64(n+1)})
		if err := w.Append(r); err != nil {
			return err
		}
		if n%64 == 0 {
			err = w.Note(soak.Event{At: at, Kind: soak.EventNote, Value: soak.Float(n)})
		}
		if n%1000 == 0 {
			err = w.PutProfile(soak.ProfileMeta{At: at, Kind: "heap"}, make([]byte, rand.IntN(200_000)))
		}
		if err != nil {
			return err
		}
		fmt.Println(n, int64(at))
	}
}

func TestWriter_Kill(t *testing.T) {
	self, err := os.Executable()
	must(t, err)
	dir := t.TempDir()
	rows := 0
	for i := range 25 {
		path := filepath.Join(dir, strconv.Itoa(i)+Ext)
		last, at := killWriter(t, self, path, time.Duration(rand.Int64N(int64(300*time.Millisecond))))
		if _, err := os.Stat(path); os.IsNotExist(err) && last < 0 {
			continue // killed before it had created the file
		}
		verify(t, path)
		r, err := Open(path)
		must(t, err)
		s, _ := r.Series(soak.SeriesOf(soak.RoleTarget, "fds")) // fails if no row is on disk
		for k, v := range s.Value {
			if v != float64(k) {
				t.Fatalf("row %d has the value %v", k, v)
			}
		}
		newest := time.Duration(0)
		if n := len(s.At); n > 0 {
			newest = s.At[n-1]
		}
		if lost := at - newest; lost > 5*time.Second {
			t.Errorf("rows of the last %v are lost", lost)
		}
		rows += len(s.At)
		must(t, r.Close())
	}
	if rows == 0 {
		t.Error("no row was ever on disk, so nothing was tested")
	}
}

// killWriter starts a writer, kills it after the given time, and returns the last row
// that it appended, or -1.
func killWriter(t *testing.T, self, path string, after time.Duration) (last int, at time.Duration) {
	t.Helper()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), killPath+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
	defer timer.Stop()
	last = -1
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var n int
		var ns int64
		if _, err := fmt.Sscan(lines.Text(), &n, &ns); err == nil {
			last, at = n, time.Duration(ns)
		}
	}
	_ = cmd.Wait() // it was killed
	return last, at
}
