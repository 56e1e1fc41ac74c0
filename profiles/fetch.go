// Package profiles fetches pprof profiles and goroutine dumps of a running Go
// program over its /debug/pprof/ pages, and says which call sites and which
// goroutines grow over all snapshots of a run.
//
// The opinion: a profile is evidence, so it is kept byte for byte as it was
// fetched, and only what is a whole profile is kept. The check walks the
// outermost level of the protobuf message (github.com/google/pprof,
// proto/profile.proto) and the checksum of the gzip stream, and does not parse
// what is inside: a fetch must cost the monitor little.
//
// Growth is the robust slope of each site over all snapshots, not the difference
// of two: one heap profile is wrong by √(rate/bytes) of a site, some 10 % at
// 50 MB and all of it at 512 KiB. A site is named where its slope is no chance
// among all sites (a bound on false discoveries) and goes on to the end. A site
// that grows by less than some ten samples of the profiler, 5 MB, in a run cannot
// be named.
//
// The limits: a fetch takes at most 30 s and the seconds that a profile over
// time runs, and 64 MiB. What the target pays is told in the profile's
// [soak.ProfileMeta]: the CPU seconds that it used meanwhile, its other work
// included, and where it is asked for the longest stop of the world by a forced
// collection.
package profiles

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/shirou/gopsutil/v3/process"

	"soakmon/soak"
	"soakmon/soak/fetch"
)

const (
	timeLimit = 30 * time.Second // of a fetch where none is given, on top of Options.Seconds
	sizeLimit = 64 << 20         // bytes
)

var (
	// ErrNotServed says that the process does not serve profiles of this
	// kind: no pprof URL is known, or it answers 404.
	ErrNotServed = errors.New("profile is not served")
	// ErrNotProfile says that the answer is no whole profile.
	ErrNotProfile = errors.New("not a profile")
)

// Options say how to take a profile.
type Options struct {
	GC      bool // heap and allocs: collect garbage before, so that the profile is of now
	Pause   bool // with GC: ask as well how long the world stood still. It costs the page of the heap in text form, and some allocation
	Seconds int  // cpu: how long to sample; 0 is 1. Other kinds: 0 is since the start, else the difference over so many seconds

	Within time.Duration // how long the answer may take, Seconds not counted; 0 is 30 s
}

// A page is where net/http/pprof serves a kind of profile.
type page struct {
	path  string
	query url.Values
	check func([]byte) error
}

func pageOf(kind string, o Options) (page, error) {
	p := page{path: kind, query: url.Values{}, check: checkProfile}
	switch kind {
	case "heap", "allocs":
		if o.GC {
			p.query.Set("gc", "1")
		}
	case "goroutine", "goroutineleak", "threadcreate", "mutex", "block":
	case "goroutine_dump":
		p.path, p.check = "goroutine", checkDump
		p.query.Set("debug", "2")
		return p, nil
	case "cpu":
		p.path = "profile"
		o.Seconds = max(o.Seconds, 1)
	default:
		return page{}, fmt.Errorf("profile kind %q: want one of %v", kind, Kinds)
	}
	if o.Seconds > 0 {
		p.query.Set("seconds", strconv.Itoa(o.Seconds))
	}
	return p, nil
}

// Kinds are the kinds of profile that [Fetch] knows. A goroutine_dump is the
// text with every single stack: the target stands still while it is written,
// some 7 µs a goroutine, so ask for it only where there are few.
var Kinds = []string{"heap", "allocs", "goroutine", "goroutine_dump", "goroutineleak", "threadcreate", "mutex", "block", "cpu"}

// Fetch takes one profile of p. Besides those of [fetch.Get], errors wrap
// [ErrNotServed] or [ErrNotProfile]. The caller sets At and Why; CPU is 0 where
// the system does not tell.
func Fetch(ctx context.Context, p soak.Process, kind string, o Options) (soak.ProfileMeta, []byte, error) {
	page, err := pageOf(kind, o)
	if err != nil {
		return soak.ProfileMeta{}, nil, err
	}
	if p.Pprof == "" {
		return soak.ProfileMeta{}, nil, fmt.Errorf("%s of the %s: %w: no pprof URL is set", kind, p.Role, ErrNotServed)
	}
	meta := soak.ProfileMeta{Wall: time.Now(), Process: p.Role, Kind: kind, GC: page.query.Has("gc")}
	cpu := cpuSeconds(ctx, p)
	b, err := get(ctx, p.Pprof, page, cmp.Or(o.Within, timeLimit)+time.Duration(o.Seconds)*time.Second)
	if err != nil {
		return soak.ProfileMeta{}, nil, fmt.Errorf("%s of the %s: %w", kind, p.Role, err)
	}
	meta.Size = len(b)
	meta.Took = time.Since(meta.Wall)
	if meta.GC && o.Pause {
		meta.Pause = pauseOf(ctx, p.Pprof, meta.Wall)
	}
	meta.CPU = soak.Float(max(cpuSeconds(ctx, p)-cpu, 0))
	return meta, b, nil
}

// GC makes the process collect its garbage, by asking for a heap profile after
// one: the runtime serves no page for the collection alone.
func GC(ctx context.Context, p soak.Process) error {
	_, _, err := Fetch(ctx, p, "heap", Options{GC: true})
	return err
}

func get(ctx context.Context, base string, p page, within time.Duration) ([]byte, error) {
	address, err := fetch.Below(base, p.path, p.query)
	if err != nil {
		return nil, err
	}
	b, err := fetch.Get(ctx, address, fetch.Limits{Time: within, Bytes: sizeLimit})
	var status *fetch.StatusError
	if errors.As(err, &status) && status.Code == http.StatusNotFound {
		return nil, fmt.Errorf("%w: %w", ErrNotServed, err)
	}
	if err != nil {
		return nil, err
	}
	if err := p.check(b); err != nil {
		return nil, fmt.Errorf("answer of %d bytes: %w", len(b), err)
	}
	return b, nil
}

// cpuSeconds is the CPU time of the process alone.
func cpuSeconds(ctx context.Context, p soak.Process) float64 {
	proc, err := process.NewProcessWithContext(ctx, int32(p.PID))
	if err != nil {
		return 0
	}
	times, err := proc.TimesWithContext(ctx)
	if err != nil {
		return 0
	}
	return times.User + times.System
}
