package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"

	"soakmon/store"
)

// seat is a person's terminal: a real pty with a program on it, and an emulator
// that shows what the person sees.
type seat struct {
	t   *testing.T
	cmd *exec.Cmd
	pty *os.File

	mu       sync.Mutex
	screen   *vt.Emulator
	raw      strings.Builder
	finished chan struct{}
}

// sit starts soak on a terminal of a size.
func sit(t *testing.T, width, height int, env []string, args ...string) *seat {
	t.Helper()
	s := &seat{t: t, cmd: exec.Command(binary, args...), screen: vt.NewEmulator(width, height), finished: make(chan struct{})}
	s.cmd.Env = append(append(os.Environ(), "TERM=xterm-256color"), env...)
	var err error
	if s.pty, err = pty.StartWithSize(s.cmd, &pty.Winsize{Rows: uint16(height), Cols: uint16(width)}); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(s.pty, s.screen) }() // a terminal answers questions
	go func() {
		defer close(s.finished)
		_, _ = io.Copy(s, s.pty)
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.pty.Close()
		s.screen.InputPipe().(io.Closer).Close()
	})
	return s
}

// Write is what the program sends to the terminal.
func (s *seat) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raw.Write(b)
	return s.screen.Write(b)
}

func (s *seat) sees() (text string, alternate bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.screen.String(), s.screen.IsAltScreen()
}

func (s *seat) await(what string, texts ...string) string {
	s.t.Helper()
	var seen string
	defer func() {
		if s.t.Failed() {
			s.t.Logf("the screen:\n%s", seen)
		}
	}()
	waitFor(s.t, what, func() bool {
		seen, _ = s.sees()
		for _, text := range texts {
			if !strings.Contains(seen, text) {
				return false
			}
		}
		return true
	})
	return seen
}

// sent is all that the program has sent.
func (s *seat) sent() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.String()
}

// printed waits for what was printed, also where it has scrolled away.
func (s *seat) printed(what string, texts ...string) {
	s.t.Helper()
	waitFor(s.t, what, func() bool {
		sent := s.sent()
		for _, text := range texts {
			if !strings.Contains(sent, text) {
				return false
			}
		}
		return true
	})
}

func (s *seat) types(keys string) {
	s.t.Helper()
	if _, err := s.pty.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

func (s *seat) resize(width, height int) {
	s.t.Helper()
	s.mu.Lock()
	s.screen.Resize(width, height)
	s.mu.Unlock()
	if err := pty.Setsize(s.pty, &pty.Winsize{Rows: uint16(height), Cols: uint16(width)}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *seat) exit() int {
	s.t.Helper()
	<-s.finished
	_ = s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode()
}

// TestTerminal_Run runs on a real pty, is looked on from others of several
// sizes, is given orders from both, and gives the terminal back.
func TestTerminal_Run(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := sit(t, 80, 24, nil, "run", "--dir", dir, "--duration", "60s")
	run.await("the phase and the load", "baseline", "left", "tcp", "RESOURCE", "VERDICT", "p pause")
	var path string
	waitFor(t, "a run file", func() bool {
		files, _ := filepath.Glob(filepath.Join(dir, "*"+store.Ext))
		if len(files) == 1 {
			path = files[0]
		}
		return path != ""
	})
	run.await("load", "/s of 200/s", "p99", "warmup", "fds", "go_heap_live_byte")
	if _, alternate := run.sees(); !alternate {
		t.Error("the run does not show on a screen of its own")
	}

	wide := sit(t, 160, 40, nil, "attach", path)
	seen := wide.await("the run on a wide terminal", "95 % INTERVAL", "DETECTABLE", "go_heap_live_bytes", "q leave")
	if n := strings.Count(seen, "\n"); n > 40 {
		t.Errorf("%d lines on a terminal of 40", n)
	}
	wide.types("s")
	run.await("an order from another terminal", "snapshot")
	wide.types("?")
	wide.await("help", "take profiles of the target now")
	wide.types("?")
	wide.types("q")
	if code := wide.exit(); code != 0 {
		t.Errorf("leaving ended with %d", code)
	}
	if text, alternate := wide.sees(); alternate || !strings.Contains(text, "the run continues") {
		t.Errorf("after leaving (screen of its own: %v):\n%s", alternate, text)
	}

	plain := sit(t, 66, 16, []string{"NO_COLOR=1"}, "attach", path)
	plain.await("the run on a small terminal without colour", "fds", "VERDICT")
	if raw := plain.sent(); strings.Contains(raw, "\x1b[31m") || strings.Contains(raw, "\x1b[33m") || strings.Contains(raw, "38;5") {
		t.Error("there is colour in spite of NO_COLOR")
	}
	plain.resize(120, 30)
	plain.await("the same after a resize", "95 % INTERVAL", "DETECTABLE")

	run.types("x")
	run.printed("the end", "INCONCLUSIVE", "file ")
	if code := run.exit(); code != 3 {
		t.Errorf("exit code %d", code)
	}
	if _, alternate := run.sees(); alternate {
		t.Error("the terminal was not given back")
	}
	plain.printed("the report in the terminal that looked on", "Evidence")
	if code := plain.exit(); code != 3 {
		t.Errorf("exit code %d of the one that looked on", code)
	}
}

// Ctrl-C on the run's terminal ends it with a verdict, though it makes no signal
// there.
func TestTerminal_CtrlC(t *testing.T) {
	t.Parallel()
	s := sit(t, 80, 24, nil, "watch", "--dir", t.TempDir(), "--duration", "5m", "--", "sleep", "300")
	s.await("the watch", "warmup", "rss_bytes")
	s.types("\x03")
	s.printed("a verdict", "interrupted", "Evidence")
	if code := s.exit(); code != 3 {
		t.Errorf("exit code %d", code)
	}
}
