package runner

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestFailures_LogsEachPowerOfTen(t *testing.T) {
	var log bytes.Buffer
	f := &failures{steps: map[string]int64{}, log: &log}
	for range 1234 {
		f.add("fd", errors.New("too many open files"))
	}
	if n := strings.Count(log.String(), "\n"); n != 4 || !strings.Contains(log.String(), "fd: 1000 steps") {
		t.Errorf("%d lines: %s", n, log.String())
	}
}
