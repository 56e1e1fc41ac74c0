package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"soakmon/soak"
)

// wholeFile returns the bytes of a run file with everything in it.
func wholeFile(t testing.TB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "whole"+Ext)
	w, err := Create(path, testRun(), Options{NoSync: true})
	must(t, err)
	for i := range 3 * sealRows {
		must(t, w.Append(row(time.Duration(i)*time.Second, map[string]float64{"fds": float64(i % 17), "foreign": float64(i) / 7})))
		if i%100 == 0 {
			must(t, w.Note(soak.Event{At: time.Duration(i) * time.Second, Text: strings.Repeat("long", i/10)}))
		}
		if i%500 == 0 {
			must(t, w.PutProfile(soak.ProfileMeta{Kind: "heap"}, make([]byte, 10*i)))
			must(t, w.Enqueue(soak.Alert{Rule: "r"}))
		}
	}
	must(t, w.Close())
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}

// readAll reads everything in a file with any content. It must return.
func readAll(path string) error {
	r, err := Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	for _, n := range r.Names() {
		_, e := r.Series(n)
		err = errors.Join(err, e)
	}
	_, e1 := r.Events()
	_, e2 := r.Alerts()
	_, e3 := r.Histograms()
	metas, e4 := r.Profiles()
	for _, m := range metas {
		_, e := r.Profile(m.ID)
		err = errors.Join(err, e)
	}
	r.WallAt(time.Hour)
	return errors.Join(err, e1, e2, e3, e4)
}

func TestOpen_DamagedFile(t *testing.T) {
	whole := wholeFile(t)
	path := filepath.Join(t.TempDir(), "bad"+Ext)
	rng := rand.New(rand.NewPCG(3, 4))
	detected := 0
	for i := range 400 {
		b := append([]byte(nil), whole...)
		switch i % 4 {
		case 0: // truncated
			b = b[:rng.IntN(len(b))]
		case 1: // a page of random bytes
			at := rng.IntN(len(b)/4096) * 4096
			for k := at; k < at+4096; k++ {
				b[k] = byte(rng.Uint32())
			}
		case 2: // one byte in the header of a page or in its first entries
			b[rng.IntN(len(b)/4096)*4096+rng.IntN(64)] ^= byte(1 << rng.IntN(8))
		case 3: // a page overwritten by another
			copy(b[rng.IntN(len(b)/4096)*4096:][:4096], b[rng.IntN(len(b)/4096)*4096:])
		}
		must(t, os.WriteFile(path, b, 0o600))
		_ = readAll(path) // damage to a free page is harmless
		problems, err := Verify(path)
		if err != nil || len(problems) > 0 {
			detected++
		}
	}
	if detected < 200 {
		t.Errorf("damage was detected in %d of 400 files", detected)
	}
}

func TestOpen_OtherFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, b, 0o600))
		return path
	}
	other := filepath.Join(dir, "other")
	db, err := bbolt.Open(other, 0o600, nil)
	must(t, err)
	must(t, db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("x")); return err }))
	must(t, db.Close())

	newer := file("newer", wholeFile(t))
	db, err = bbolt.Open(newer, 0o600, nil)
	must(t, err)
	must(t, db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucketMeta).Put(keyVersion, []byte("3")) }))
	must(t, db.Close())

	for name, c := range map[string]struct {
		path string
		want error
	}{
		"no file":     {filepath.Join(dir, "none"), os.ErrNotExist},
		"a folder":    {dir, ErrNotRun},
		"empty":       {file("empty", nil), ErrNotRun},
		"text":        {file("text", []byte(strings.Repeat("lorem ipsum ", 5000))), ErrNotRun},
		"other bbolt": {other, ErrNotRun},
		"newer":       {newer, ErrVersion},
		"truncated":   {file("cut", wholeFile(t)[:40_000]), ErrCorrupt},
	} {
		if _, err := Open(c.path); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if _, err := Reopen(c.path, Options{}); !errors.Is(err, c.want) {
			t.Errorf("%s: Reopen: %v, want %v", name, err, c.want)
		}
	}
	problems, err := Verify(filepath.Join(dir, "cut"))
	if err != nil || len(problems) == 0 {
		t.Errorf("Verify of a truncated file: %v, %v", problems, err)
	}
}

// A page that is neither used nor free is found by bbolt's own check.
func TestVerify_LostPage(t *testing.T) {
	b := wholeFile(t)
	meta, err := newestMeta(bytes.NewReader(b), int64(len(b)))
	must(t, err)
	size, freelist := binary.LittleEndian.Uint32(meta[8:]), binary.LittleEndian.Uint64(meta[32:])
	count := b[freelist*uint64(size)+10:]
	if binary.LittleEndian.Uint16(count) == 0 {
		t.Fatal("the file has no free page")
	}
	binary.LittleEndian.PutUint16(count, 0)
	path := filepath.Join(t.TempDir(), "lost"+Ext)
	must(t, os.WriteFile(path, b, 0o600))
	problems, err := Verify(path)
	if err != nil || len(problems) == 0 || !strings.Contains(problems[0], "unreachable") {
		t.Errorf("problems %v, error %v", problems, err)
	}
}
