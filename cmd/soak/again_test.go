package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"soakmon/soak"
	"soakmon/soak/plan"
	"soakmon/soak/report"
)

// commandLines make a plan of the flags of run and watch as the commands do.
var commandLines = map[string]func(t *testing.T, args []string) (soak.Plan, *pflag.FlagSet, []string){
	"run": func(t *testing.T, args []string) (soak.Plan, *pflag.FlagSet, []string) {
		f, flags := &runFlags{}, pflag.NewFlagSet("run", pflag.ContinueOnError)
		f.add(flags)
		return planned(t, flags, args, "run", f.plan)
	},
	"watch": func(t *testing.T, args []string) (soak.Plan, *pflag.FlagSet, []string) {
		f, flags := &watchFlags{}, pflag.NewFlagSet("watch", pflag.ContinueOnError)
		f.add(flags)
		return planned(t, flags, args, "watch", f.plan)
	},
}

func planned(t *testing.T, flags *pflag.FlagSet, args []string, command string, make func(*pflag.FlagSet, []string, int) (soak.Plan, error)) (soak.Plan, *pflag.FlagSet, []string) {
	t.Helper()
	if err := flags.Parse(args); err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	p, err := make(flags, flags.Args(), flags.ArgsLenAtDash())
	if err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	return p, flags, again(command, flags, flags.Args(), flags.ArgsLenAtDash())
}

// words splits a command line as a shell does, with single quotes and backslashes.
func words(line string) (all []string) {
	var word strings.Builder
	quoted, escaped, some := false, false, false
	for _, c := range line {
		switch {
		case escaped:
			word.WriteRune(c)
			escaped, some = false, true
		case c == '\\' && !quoted:
			escaped = true
		case c == '\'':
			quoted, some = !quoted, true
		case c == ' ' && !quoted:
			if some {
				all = append(all, word.String())
			}
			word.Reset()
			some = false
		default:
			word.WriteRune(c)
			some = true
		}
	}
	return append(all, word.String())
}

func TestReproduce_RoundTripsEveryFlag(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a plan.yaml")
	if err := os.WriteFile(file, []byte("duration: 3m\ntarget: {embedded: tcp}\nload:\n- {protocol: tcp, rate: 7}\n- {protocol: ssh, rate: 3}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	used := map[string]map[string]bool{"run": {}, "watch": {}}
	for _, line := range [][]string{
		{"run"},
		{"run", "--protocol", "tcp,ssh", "--duration", "10s"},
		{"run", "--protocol", "hysteria2", "--network", "udp", "--conditions", "delay=5ms,loss=1%", "--vary", "20%", "--warmup", "3s", "--duration", "12s", "--option", "lost_after=2s", "--connections", "new"},
		{"run", "--protocol", "http", "--url", "http://127.0.0.1:8080/a(b)", "--listen", ":8080", "--option", "headers={X-Proto: h3, X-Quote: 'it''s'}", "--metrics", "http://127.0.0.1:8080/metrics"},
		{"run", "--protocol", "socks", "--address", "127.0.0.1:1080", "--destination", "127.0.0.1:7", "--pid", "1", "--vars", "http://127.0.0.1:1/debug/vars", "--pprof", "http://127.0.0.1:1/debug/pprof/"},
		{"run", "--rate", "30/min", "--payload", "2KiB", "--concurrency", "3", "--requests-per-session", "0", "--dirty", "rst=1%", "--dirty", "abort=2%", "--leak", "fd=2/s", "--leak", "heap=64KiB/s", "--name", "a name", "--interval", "2s", "--rest-every", "2m", "--duration", "1h"},
		{"run", "--tolerance", "rss_bytes=1MiB/h", "--tolerance", "fds=2/h", "--tree=false", "--pidfile", "/run/a.pid", "--address", "127.0.0.1:7", "--until-decided"},
		{"run", file, "--isolate"},
		{"run", "--address", "127.0.0.1:7", "--", "server", "--quiet", "a b"},
		{"watch", "--pid", "1", "--duration", "1h", "--interval", "10s", "--warmup", "1m", "--tolerance", "rss_bytes=1MiB/h", "--tree=false", "--name", "w"},
		{"watch", "--pidfile", "/run/a.pid", "--vars", "http://127.0.0.1:1/debug/vars", "--until-decided"},
		{"watch", "--listen", ":443", "--pprof", "http://127.0.0.1:1/debug/pprof/", "--metrics", "http://127.0.0.1:1/metrics"},
		{"watch", "--", "server", "--pid", "3"},
	} {
		parse := commandLines[line[0]]
		p, flags, args := parse(t, line[1:])
		flags.Visit(func(f *pflag.Flag) { used[line[0]][f.Name] = true })
		text := report.Reproduce(report.Report{Command: line[0], Args: plan.RedactArgs(p, args)})
		got := words(text)
		if len(got) < 2 || got[0] != "soak" || got[1] != line[0] {
			t.Fatalf("%q: reproduced as %s", line, text)
		}
		q, _, _ := parse(t, got[2:])
		before, _ := json.Marshal(p)
		after, _ := json.Marshal(q)
		if !bytes.Equal(before, after) {
			t.Errorf("%q: reproduced as %s\nbefore %s\nafter  %s", line, text, before, after)
		}
	}
	for command, parse := range commandLines {
		first := map[string][]string{"run": nil, "watch": {"--pid", "1"}}[command]
		_, flags, _ := parse(t, first)
		flags.VisitAll(func(f *pflag.Flag) {
			if !used[command][f.Name] {
				t.Errorf("no command line here uses --%s of soak %s", f.Name, command)
			}
		})
	}
}
