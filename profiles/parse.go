package profiles

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"runtime"

	"github.com/google/pprof/profile"
)

// Parse parses a profile as it was fetched. It takes at most a few seconds and 1 GiB,
// whatever the bytes are. Errors wrap [ErrNotProfile].
func Parse(data []byte) (*profile.Profile, error) {
	expanded, err := expand(data, usual)
	if err != nil {
		return nil, err
	}
	if err := checkMessage(bufio.NewReader(bytes.NewReader(expanded)), usual.elements); err != nil {
		return nil, err
	}
	p, err := decode(expanded)
	if err == nil {
		err = p.CheckValid()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotProfile, err)
	}
	return p, nil
}

// ParseAll parses n profiles on all cores and calls take for each in order of i, in
// the caller's goroutine. The error is that of data or of [Parse] for the same i.
func ParseAll(n int, data func(i int) ([]byte, error), take func(i int, p *profile.Profile, err error)) {
	type parsed struct {
		p   *profile.Profile
		err error
	}
	workers := runtime.GOMAXPROCS(0)
	results := make([]chan parsed, n)
	for i := range results {
		results[i] = make(chan parsed, 1)
	}
	slots := make(chan struct{}, 2*workers) // bounds the number of parsed profiles in memory
	go func() {
		for i := range n {
			slots <- struct{}{}
			go func() {
				b, err := data(i)
				var p *profile.Profile
				if err == nil {
					p, err = Parse(b)
				}
				results[i] <- parsed{p, err}
			}()
		}
	}()
	for i := range n {
		r := <-results[i]
		take(i, r.p, r.err)
		<-slots
	}
}

// expand decompresses a profile.
func expand(data []byte, limit bounds) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotProfile, err)
	}
	expanded := bytes.NewBuffer(make([]byte, 0, min(5*int64(len(data)), limit.bytes)+bytes.MinRead))
	n, err := expanded.ReadFrom(io.LimitReader(z, limit.bytes+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotProfile, err)
	}
	if n > limit.bytes {
		return nil, tooLarge(limit)
	}
	return expanded.Bytes(), nil
}

// decode turns a crash of the parser into an error, because the bytes are untrusted.
func decode(expanded []byte) (p *profile.Profile, err error) {
	defer func() {
		if crash := recover(); crash != nil {
			err = fmt.Errorf("the parser crashed: %v", crash)
		}
	}()
	return profile.ParseUncompressed(expanded)
}
