package profiles

import (
	"bytes"
	"errors"
	"runtime"
	"testing"
	"time"
)

func TestClusters_RealDump(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	for range 5 {
		go waitHere(release)
	}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		waitHere(release)
	}()
	var found *Cluster
	for deadline := time.Now().Add(10 * time.Second); found == nil && time.Now().Before(deadline); runtime.Gosched() {
		b := make([]byte, 1<<20)
		all, err := Clusters(b[:runtime.Stack(b, true)])
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			if c.Count == 5 && c.State == "chan receive" {
				found = &c
			}
		}
	}
	if found == nil {
		t.Fatal("no cluster has the five goroutines")
	}
	const pkg = "soakmon/profiles."
	if found.Place().Function != pkg+"waitHere" || found.CreatedBy.Function != pkg+"TestClusters_RealDump" || found.Locked != 0 {
		t.Errorf("%+v", *found)
	}
}

//go:noinline
func waitHere(release chan struct{}) { <-release }

func TestClusters_WaitStateAndThreads(t *testing.T) {
	dump := `goroutine 7 [chan receive, 11 minutes, locked to thread]:
main.wait(0xc000)
	/src/main.go:12 +0x1d
created by main.start in goroutine 1
	/src/main.go:30 +0x2a

goroutine 8 [chan receive, 3 minutes]:
main.wait(0xc000)
	/src/main.go:12 +0x1d
created by main.start in goroutine 1
	/src/main.go:30 +0x2a

goroutine 9 [IO wait]:
internal/poll.runtime_pollWait(0x7f, 0x72)
	/go/src/runtime/netpoll.go:351 +0x85
net.(*conn).Read(0xc000, {0xc000, 0x1000, 0x1000})
	/go/src/net/net.go:194 +0x45
created by main.serve in goroutine 1
	/src/main.go:40 +0x2a
`
	all, err := Clusters([]byte(dump))
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	if c := all[0]; c.Count != 2 || c.Oldest != 11*time.Minute || c.Locked != 1 || c.State != "chan receive" || c.Place().String() != "main.wait (main.go:12)" {
		t.Errorf("%+v", c)
	}
	if c := all[1]; c.Place().String() != "main.serve (main.go:40)" {
		t.Errorf("a stack in the standard library must be named by its go statement: %+v", c)
	}
}

func TestClusters_HostileDumps(t *testing.T) {
	for name, b := range map[string][]byte{
		"html": []byte("<html>"), "empty": nil, "head only": []byte("goroutine "), "long line": append([]byte("goroutine 1 [running]:\n"), bytes.Repeat([]byte("x"), 1<<20)...),
	} {
		if all, err := Clusters(b); !errors.Is(err, ErrNotProfile) {
			t.Errorf("%s: %+v, %v", name, all, err)
		}
	}
}

func FuzzClusters(f *testing.F) {
	f.Add([]byte("goroutine 7 [select, 3 minutes]:\nmain.wait(0xc000)\n\t/src/main.go:12 +0x1d\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := Clusters(b)
		if (err == nil) != (len(all) > 0) {
			t.Errorf("%d clusters, %v", len(all), err)
		}
	})
}
