package supervise

import (
	"bufio"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"
)

const (
	maxLine  = 4096 // bytes of a line that are kept
	tailSize = 10   // lines kept to explain an exit
)

// readLines hands each line to line until r ends, and closes r. Of a longer
// line only the first maxLine bytes are handed on, as soon as they are there.
func readLines(r *os.File, line func(string)) {
	defer r.Close()
	br := bufio.NewReaderSize(r, maxLine)
	rest := false // of a line whose beginning was handed on
	for {
		b, more, err := br.ReadLine()
		if err != nil {
			return
		}
		if !rest {
			line(printable(b, more))
		}
		rest = more
	}
}

// printable makes a foreign line safe to show: valid UTF-8, no control
// characters that a terminal would obey.
func printable(b []byte, cut bool) string {
	s := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(b), "\uFFFD"))
	if cut {
		s += " …"
	}
	return s
}

// tail keeps the last lines of a process's output.
type tail struct {
	mu    sync.Mutex
	lines []string
}

func (t *tail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == tailSize {
		t.lines = append(t.lines[:0], t.lines[1:]...)
	}
	t.lines = append(t.lines, line)
}

// String is the tail as part of a sentence: empty, or "; its last output: …".
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == 0 {
		return "; it printed nothing"
	}
	return "; its last output:\n  " + strings.Join(t.lines, "\n  ")
}

// within waits for done, at most d.
func within(done <-chan struct{}, d time.Duration) {
	select {
	case <-done:
	case <-time.After(d):
	}
}
