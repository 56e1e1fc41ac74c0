package profiles

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"soakmon/soak"
)

// small is a complete profile of one sample.
func small(tb testing.TB) []byte {
	g := &program{depth: 1, sites: []func(float64) (float64, float64){func(float64) (float64, float64) { return 10, 64 }}}
	return packed(tb, g.snapshot(0))
}

// tenMillion is a profile of ten million empty samples: 20 MB that compress to some
// kilobytes.
func tenMillion(tb testing.TB) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	z.Write([]byte{0x0a, 0x02, 0x08, 0x01, 0x32, 0x00, 0x32, 0x01, 'x'})
	z.Write(bytes.Repeat([]byte{0x12, 0x00}, 10_000_000))
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// bomb exceeds the size limit, with few long strings.
func bomb(tb testing.TB) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	z.Write([]byte{0x0a, 0x02, 0x08, 0x01, 0x32, 0x00})
	piece := make([]byte, expandedLimit/3)
	for range 4 {
		z.Write(append([]byte{0x32}, binary.AppendUvarint(nil, uint64(len(piece)))...))
		z.Write(piece)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// crowded has the maximum number of references, which makes the parser allocate most.
func crowded(tb testing.TB) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	z.Write([]byte{0x0a, 0x02, 0x08, 0x01, 0x32, 0x00, 0x32, 0x01, 'x', 0x22, 0x02, 0x08, 0x01})
	const refs = sampleLimit - 100
	inner := append([]byte{0x0a}, binary.AppendUvarint(nil, refs)...)
	tail := []byte{0x10, 0x01}
	z.Write(append([]byte{0x12}, binary.AppendUvarint(nil, uint64(len(inner)+refs+len(tail)))...))
	z.Write(inner)
	z.Write(bytes.Repeat([]byte{1}, refs))
	z.Write(tail)
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestParse_HostileProfiles(t *testing.T) {
	whole := small(t)
	for name, b := range map[string][]byte{
		"truncated": whole[:len(whole)-9], "ten million samples": tenMillion(t), "bomb": bomb(t), "html": []byte("<html>busy</html>"), "zip of text": zip([]byte("hello")),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		_, err := Parse(b)
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, ErrNotProfile) {
			t.Errorf("%s: %v", name, err)
		}
		if grown := (after.TotalAlloc - before.TotalAlloc) >> 20; grown > 256 {
			t.Errorf("%s: took %d MiB", name, grown)
		}
		t.Logf("%s: %v, %v", name, took.Round(time.Millisecond), err)
	}
}

// Memory is bounded even for the worst profile that passes the check.
func TestParse_LargestProfile(t *testing.T) {
	b := crowded(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p, err := Parse(b)
	if err == nil {
		err = NewCourse().Add(0, p)
	}
	runtime.ReadMemStats(&after)
	grown := (after.TotalAlloc - before.TotalAlloc) >> 20
	t.Logf("%d MiB, %v", grown, err)
	if err != nil || grown > 1<<10 {
		t.Errorf("%d MiB were allocated in all", grown)
	}
}

func TestFetch_HostileServers(t *testing.T) {
	whole := small(t)
	serve := func(h http.HandlerFunc) soak.Process {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return soak.Process{Role: soak.RoleTarget, PID: os.Getpid(), Pprof: s.URL}
	}
	dripping := serve(func(w http.ResponseWriter, r *http.Request) {
		for i := 0; r.Context().Err() == nil; i++ {
			w.Write(whole[i%len(whole) : i%len(whole)+1])
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, _, err := Fetch(ctx, dripping, "heap", Options{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a slow drip: %v", err)
	}
	endless := serve(func(w http.ResponseWriter, _ *http.Request) {
		for zeros := make([]byte, 8<<20); ; {
			if _, err := w.Write(zeros); err != nil {
				return
			}
		}
	})
	if _, _, err := Fetch(t.Context(), endless, "heap", Options{}); err == nil {
		t.Error("an endless answer was accepted")
	}
}

func TestCourse_AddRejectsNoValues(t *testing.T) {
	if err := NewCourse().Add(0, &profile.Profile{}); !errors.Is(err, ErrNotProfile) {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	b, _ := io.ReadAll(must(gzip.NewReader(bytes.NewReader(small(f)))))
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(zip(b))
		if err != nil {
			return
		}
		c := NewCourse()
		for i := range 6 {
			if c.Add(time.Duration(i), p) != nil {
				return
			}
		}
		c.Rank(ByFunction, 0, forever)
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
