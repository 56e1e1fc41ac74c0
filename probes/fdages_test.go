//go:build linux

package probes

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

func TestFdAges_SameDescriptor(t *testing.T) {
	p := manyLinks(t, 100)
	proc := filepath.Join(p.Role, "10")
	probe := openKinds(t, p)
	link := func(fd int, to string) {
		name := filepath.Join(proc, "fd", strconv.Itoa(fd))
		os.Remove(name)
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		read := func() map[string]float64 {
			samples, err := probe.Read(t.Context(), soak.Process{Role: soak.RoleTarget})
			if err != nil {
				t.Fatal(err)
			}
			return values(samples)
		}
		probe.(*fdKinds).ages.began = time.Now() // of the bubble
		want := func(after time.Duration, median, oldest float64) {
			t.Helper()
			time.Sleep(after)
			got := read()
			if m, o := got[`fds_age_seconds{kind="socket"}`], got[`fds_oldest_seconds{kind="socket"}`]; m != median || o != oldest {
				t.Errorf("half at least %v s, the oldest %v s old; want %v and %v", m, o, median, oldest)
			}
		}
		want(0, 0, 0)
		want(time.Minute, 60, 60)
		for fd := range 60 { // closed, and the numbers given out again
			link(fd, fmt.Sprintf("socket:[%d]", 1000+fd))
		}
		want(time.Minute, 0, 120)
		for fd := range 99 {
			os.Remove(filepath.Join(proc, "fd", strconv.Itoa(fd)))
		}
		want(time.Minute, 180, 180)

		status := filepath.Join(proc, "status")
		b, _ := os.ReadFile(status)
		b = []byte(strings.Replace(string(b), "FDSize:\t128", "FDSize:\t32768", 1))
		if err := os.WriteFile(status, b, 0o644); err != nil {
			t.Fatal(err)
		}
		link(96, "socket:[7]") // one that is still looked at
		os.Remove(filepath.Join(proc, "fd", "99"))
		want(time.Minute, 0, 0)
		want(time.Minute, 60, 60)
	})
}

func TestFdAges_Bounded(t *testing.T) {
	a := newFdAges()
	for range 3 {
		a.begin()
		slots := 0
		for i := range 100 {
			if of := a.of(&procfs.Process{ID: procfs.ID{PID: i}}, mostClassified, 1); of != nil {
				slots += len(of.slots)
			}
		}
		if slots > mostAged {
			t.Errorf("%d descriptors are followed", slots)
		}
		a.end(newTally("", ""), newTally("", ""))
	}
}
