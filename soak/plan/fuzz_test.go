package plan

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func FuzzParse(f *testing.F) {
	paths, _ := filepath.Glob("testdata/*/*.yaml")
	for _, path := range append(paths, "testdata/full.yaml") {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add(string(Template()))
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			return // the parser's time is quadratic
		}
		p, err := Parse("fuzz.yaml", []byte(text))
		var list Errors
		if err != nil && (!errors.As(err, &list) || len(list) == 0) {
			t.Fatalf("the error is not a list: %v", err)
		}
		for _, e := range list {
			if e.Reason == "" || e.File != "fuzz.yaml" || strings.Contains(e.Error(), "\n") && !strings.Contains(text, "\n") {
				t.Fatalf("malformed error: %+v", e)
			}
		}
		if err != nil || Complete(&p) != nil {
			return
		}
		again := p
		if err := Complete(&again); err != nil || !reflect.DeepEqual(p, again) {
			t.Fatalf("completing again changes the plan: %v\n%+v\n%+v", err, p, again)
		}
		if clean := Redact(p); clean.Duration != p.Duration {
			t.Fatalf("redacting broke the plan: %+v", clean)
		}
	})
}

func FuzzValues(f *testing.F) {
	for _, text := range []string{"", "0", "1d12h", "4KiB", "5%/run", "fd=2/s", "goroutine=1/10000op", ":8080", "10/min", "50Mbit", "±30%", `a "b c"`, "${HOME}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := ParseDuration(text); err == nil {
			if again, err := ParseDuration(formatDuration(d)); d < 0 || err != nil || again != d {
				t.Errorf("duration %q is %s, then %s (%v)", text, d, again, err)
			}
		}
		if n, err := ParseBytes(text); err == nil && n < 0 {
			t.Errorf("size %q is %d", text, n)
		}
		if q, err := ParseQuantity(text); err == nil && (q.Value < 0 || q.Value != q.Value || q.Per == "" || q.Text != text) {
			t.Errorf("quantity %q is %+v", text, q)
		}
		if l, err := ParseLeak(text); err == nil && (l.Amount <= 0 || min(int64(l.Every), 1)+min(l.Operations, 1)+min(l.Dirty, 1) != 1) {
			t.Errorf("leak %q is %+v", text, l)
		}
		if a, err := ParseAddress(text); err == nil {
			if again, err := ParseAddress(a); err != nil || again != a {
				t.Errorf("address %q is %q, then %q (%v)", text, a, again, err)
			}
		}
		if r, err := ParseRate(text); err == nil && !(r > 0 && r <= 1e6) {
			t.Errorf("rate %q is %g", text, r)
		}
		if s, err := ParseShare(text); err == nil && !(s >= 0 && s <= 1) {
			t.Errorf("share %q is %g", text, s)
		}
		if b, err := ParseBandwidth(text); err == nil && !(b >= 0) {
			t.Errorf("bandwidth %q is %g", text, b)
		}
		words, err := split(text)
		if err == nil && len(words) > len(text) {
			t.Errorf("%q gives %d words", text, len(words))
		}
		_, _, _ = expand(text)
		edits(text, "requests_per_session")
	})
}

func TestFormatDuration_ParsesBack(t *testing.T) {
	for d, want := range map[time.Duration]string{
		2 * time.Minute: "2m", 36 * time.Hour: "36h", 48 * time.Hour: "2d", 90 * time.Second: "1m30s", 0: "0s", time.Hour + time.Second: "1h0m1s", 10 * time.Second: "10s", 20 * time.Hour: "20h",
	} {
		got := formatDuration(d)
		if again, err := ParseDuration(got); got != want || err != nil || again != d {
			t.Errorf("%d: got %s, want %s; parsed again %s, %v", d, got, want, again, err)
		}
	}
}
