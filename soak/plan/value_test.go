package plan

import (
	"math"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
)

func TestParseDuration_Values(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "90s": 90 * time.Second, "1h30m": 90 * time.Minute, "1d": 24 * time.Hour, "1d12h": 36 * time.Hour,
		"7d": 7 * 24 * time.Hour, "1w": 7 * 24 * time.Hour, "1w2d3h4ms": 219*time.Hour + 4*time.Millisecond, "0.5d": 12 * time.Hour, "100ms": 100 * time.Millisecond,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "5", "-1s", "1d-5h", "d", "1h1d", "1y", "300000000h", "99999999w", "1e9d", " 1s", "1s\n"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q was read as %s", text, got)
		}
	}
}

func TestParseBytes_Values(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "4096": 4096, "4KiB": 4096, "1MiB": 1 << 20, "1MB": 1e6, "1kB": 1000, "1.5KiB": 1536, "2 GiB": 2 << 30, "7B": 7, "9223372036854775807": math.MaxInt64,
	} {
		if got, err := ParseBytes(text); err != nil || got != want {
			t.Errorf("%s: got %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "4K", "1m", "-1", "1.5", "9000000000GiB", "KiB", "1e3", "0x10", "5%", "1MiB/s"} {
		if got, err := ParseBytes(text); err == nil {
			t.Errorf("%q was read as %d", text, got)
		}
	}
}

func TestParseQuantity_Values(t *testing.T) {
	for text, want := range map[string]soak.Quantity{
		"0":       {Per: soak.PerHour},
		"0/run":   {Per: soak.PerRun},
		"5/h":     {Value: 5, Per: soak.PerHour},
		"2/s":     {Value: 7200, Per: soak.PerHour},
		"1/min":   {Value: 60, Per: soak.PerHour},
		"24/d":    {Value: 1, Per: soak.PerHour},
		"1MiB/h":  {Value: 1 << 20, Per: soak.PerHour},
		"64B/op":  {Value: 64, Per: soak.PerOperation},
		"5%/run":  {Value: 0.05, Percent: true, Per: soak.PerRun},
		"2.5%/h":  {Value: 0.025, Percent: true, Per: soak.PerHour},
		"3 kB /h": {Value: 3000, Per: soak.PerHour},
	} {
		want.Text = text
		if got, err := ParseQuantity(text); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "5", "5%", "1MiB", "-1/h", "1/", "/h", "1/y", "1K/h", "x/h", strings.Repeat("9", 400) + "/h"} {
		if got, err := ParseQuantity(text); err == nil {
			t.Errorf("%q was read as %+v", text, got)
		}
	}
}

func TestParseLeak_Values(t *testing.T) {
	for text, want := range map[string]soak.Leak{
		"fd=2/s":              {Kind: "fd", Amount: 2, Every: time.Second},
		"goroutine=1/10000op": {Kind: "goroutine", Amount: 1, Operations: 10000},
		"heap=64KiB/s":        {Kind: "heap", Amount: 65536, Every: time.Second},
		"heap=64B/op":         {Kind: "heap", Amount: 64, Operations: 1},
		"thread=1/min":        {Kind: "thread", Amount: 1, Every: time.Minute},
		"fd=1/dirty":          {Kind: "fd", Amount: 1, Dirty: 1},
		"heap=4KiB/10dirty":   {Kind: "heap", Amount: 4096, Dirty: 10},
		"child=0.5/h":         {Kind: "child", Amount: 0.5, Every: time.Hour},
	} {
		want.Text = text
		if got, err := ParseLeak(text); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "fd", "fd=2", "fd=/s", "fd=0/s", "fd=1KiB/s", "fd=1/run", "fd=1/0op", "fd=1/-5op", "fd=1/0dirty", "disk=1/s", "fd=-1/s", "heap=1K/s", "fd=1/99999999999999999999op"} {
		if got, err := ParseLeak(text); err == nil {
			t.Errorf("%q was read as %+v", text, got)
		}
	}
}

func TestParseAddress_DefaultsToLoopback(t *testing.T) {
	for text, want := range map[string]string{
		":8080": "127.0.0.1:8080", "8080": "127.0.0.1:8080", "127.0.0.1:1": "127.0.0.1:1", "[::1]:80": "[::1]:80", "localhost:65535": "localhost:65535",
	} {
		if got, err := ParseAddress(text); err != nil || got != want {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", ":", "host", "0", ":0", "65536", "host:http", "::1:80", "http://host:80", "user@host:80", "a/b:80", "host:80:80"} {
		if got, err := ParseAddress(text); err == nil {
			t.Errorf("%q was read as %s", text, got)
		}
	}
}

func TestParseRate_AndShareAndBandwidth(t *testing.T) {
	for _, c := range []struct {
		parse func(string) (float64, error)
		text  string
		want  float64
	}{
		{ParseRate, "200", 200}, {ParseRate, "200/s", 200}, {ParseRate, "30/min", 0.5}, {ParseRate, "3600/h", 1}, {ParseRate, "2.5", 2.5},
		{ParseShare, "5%", 0.05}, {ParseShare, "0.05", 0.05}, {ParseShare, "0", 0}, {ParseShare, "100%", 1}, {ParseShare, "1", 1},
		{ParseBandwidth, "0", 0}, {ParseBandwidth, "50Mbit", 6.25e6}, {ParseBandwidth, "8kbit/s", 1000}, {ParseBandwidth, "1Gbps", 1.25e8}, {ParseBandwidth, "6MiB/s", 6 << 20},
		{parseLevel, "1024", 1024}, {parseLevel, "1KiB", 1024},
	} {
		if got, err := c.parse(c.text); err != nil || math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: got %g, %v", c.text, got, err)
		}
	}
	for _, text := range []string{"", "x", "0", "-1", "1e9", "nan", "inf", "1/", "1/fortnight"} {
		if got, err := ParseRate(text); err == nil {
			t.Errorf("rate %q was read as %g", text, got)
		}
	}
	for _, text := range []string{"", "5", "-1%", "101%", "nan", "x%"} {
		if got, err := ParseShare(text); err == nil {
			t.Errorf("share %q was read as %g", text, got)
		}
	}
	for _, text := range []string{"", "50", "50M", "-1Mbit", "50Mbyte", "1MiB"} {
		if got, err := ParseBandwidth(text); err == nil {
			t.Errorf("bandwidth %q was read as %g", text, got)
		}
	}
}

func TestSplit_ShellQuoting(t *testing.T) {
	for line, want := range map[string]string{
		`nginx -g 'daemon off;'`:       `nginx|-g|daemon off;`,
		`a "b c" d\ e`:                 `a|b c|d e`,
		`a "q\"q" "x\y" 'z\'`:          `a|q"q|x\y|z\`,
		`  a   '' b"c"'d'  `:           `a||bcd`,
		"a\tb\nc":                      `a|b|c`,
		`sh -c "a | b && c > d; $(e)"`: `sh|-c|a | b && c > d; $(e)`,
	} {
		if got, err := split(line); err != nil || strings.Join(got, "|") != want {
			t.Errorf("%s: got %q, %v", line, got, err)
		}
	}
	for _, line := range []string{`a | b`, `a && b`, `a; b`, `a > b`, `a < b`, "`a`", `$(a)`, `a 'b`, `a "b`} {
		if got, err := split(line); err == nil {
			t.Errorf("%s was split into %q", line, got)
		}
	}
}

func TestNearest_Suggestions(t *testing.T) {
	known := []string{"rate", "name", "protocol", "requests_per_session"}
	for name, want := range map[string]string{
		"rat": "rate", "nmae": "name", "protcol": "protocol", "request_per_sesion": "requests_per_session", "colour": "", "x": "", "Rate": "rate",
	} {
		if got := Nearest(name, known); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
