package web_test

import (
	"bytes"
	"runtime/pprof"
	"testing"
)

func heapProfile(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := pprof.Lookup("heap").WriteTo(&out, 0); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
