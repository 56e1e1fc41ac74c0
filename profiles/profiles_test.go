package profiles

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	_ "net/http/pprof"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"soakmon/soak"
)

// The test binary, started with this variable, is a Go program that serves its
// profiles until its standard input closes.
const childMode = "SOAK_PROFILES_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childMode) != "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		runtime.SetBlockProfileRate(1)
		runtime.SetMutexProfileFraction(1)
		go http.Serve(l, nil)
		fmt.Println("http://" + l.Addr().String() + "/debug/pprof/")
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func startChild(tb testing.TB) soak.Process {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childMode+"=1", "GORACE=atexit_sleep_ms=0")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		tb.Fatal(err)
	}
	return soak.Process{Role: soak.RoleTarget, PID: cmd.Process.Pid, Pprof: strings.TrimSpace(line)}
}

func TestFetch_EveryKind(t *testing.T) {
	p := startChild(t)
	for _, kind := range Kinds {
		t.Run(kind, func(t *testing.T) {
			meta, b, err := Fetch(t.Context(), p, kind, Options{GC: true})
			if kind == "goroutineleak" && errors.Is(err, ErrNotServed) {
				return // the right answer of a program built without GOEXPERIMENT=goroutineleakprofile
			}
			if err != nil {
				t.Fatal(err)
			}
			if meta.Kind != kind || meta.Process != soak.RoleTarget || meta.Size != len(b) || meta.Took <= 0 || meta.Wall.IsZero() {
				t.Errorf("%+v", meta)
			}
			if meta.GC != (kind == "heap" || kind == "allocs") {
				t.Errorf("gc %v", meta.GC)
			}
			if kind == "goroutine_dump" {
				if !bytes.Contains(b, []byte("main.main")) {
					t.Errorf("%.200s", b)
				}
				return
			}
			if _, err := profile.ParseData(b); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestGC_Collects(t *testing.T) {
	p := startChild(t)
	before := collections(t, p)
	if err := GC(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if after := collections(t, p); after <= before {
		t.Errorf("%d collections before, %d after", before, after)
	}
}

// collections reads NumGC of the process.
func collections(t *testing.T, p soak.Process) (n int) {
	resp, err := http.Get(p.Pprof + "heap?debug=1")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(b, []byte("# NumGC = "))
	if _, err := fmt.Fscan(bytes.NewReader(rest), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFetch_NotServed(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	p := soak.Process{Role: soak.RoleTarget, PID: os.Getpid(), Pprof: server.URL + "/debug/pprof/"}
	if _, _, err := Fetch(t.Context(), p, "goroutineleak", Options{}); !errors.Is(err, ErrNotServed) {
		t.Error(err)
	}
	p.Pprof = ""
	if _, _, err := Fetch(t.Context(), p, "heap", Options{}); !errors.Is(err, ErrNotServed) {
		t.Error(err)
	}
	if _, _, err := Fetch(t.Context(), p, "nonsense", Options{}); err == nil || !strings.Contains(err.Error(), "goroutineleak") {
		t.Errorf("unknown kind: %v", err)
	}
}

func TestCheckProfile_CompleteOnly(t *testing.T) {
	_, whole, err := Fetch(t.Context(), startChild(t), "goroutine", Options{})
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 0x40
	for name, b := range map[string][]byte{
		"empty": nil, "text": []byte("heap profile: 1: 2"), "cut short": whole[:len(whole)-20], "flipped": flipped,
		"empty message": zip(nil), "zeros": zip(make([]byte, 1000)), "html": zip([]byte("<html><body>busy</body></html>")), "long field": zip([]byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f}),
	} {
		if err := checkProfile(b); !errors.Is(err, ErrNotProfile) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := checkProfile(whole); err != nil {
		t.Error(err)
	}
	if err := checkWithin(whole, bounds{100, elementLimit}); !errors.Is(err, ErrNotProfile) || !strings.Contains(err.Error(), "more than 100 bytes") {
		t.Errorf("a bomb: %v", err)
	}
}

func zip(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

func TestFetch_HangingTargetEndsWithContext(t *testing.T) {
	hanging := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(hanging)
		<-r.Context().Done()
	}))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-hanging
		cancel()
	}()
	_, _, err := Fetch(ctx, soak.Process{Role: soak.RoleTarget, PID: os.Getpid(), Pprof: server.URL}, "heap", Options{})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func FuzzCheckProfile(f *testing.F) {
	f.Add([]byte{0x0a, 0x02, 0x08, 0x01, 0x32, 0x00})
	f.Add([]byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0x07})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := profile.ParseUncompressed(b); err == nil && checkProfile(zip(b)) != nil {
			p, _ := profile.ParseUncompressed(b)
			if p.CheckValid() == nil && len(p.SampleType) > 0 {
				t.Errorf("a valid profile is refused: %q", b)
			}
		}
	})
}

func BenchmarkFetchHeap(b *testing.B) {
	p := startChild(b)
	for b.Loop() {
		if _, _, err := Fetch(b.Context(), p, "heap", Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
