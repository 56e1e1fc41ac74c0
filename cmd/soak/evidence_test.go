package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"soakmon/profiles"
)

// unpack reads the files of a pack, by their names below its folder.
func unpack(t *testing.T, file string) map[string][]byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		_, name, _ := strings.Cut(h.Name, "/")
		if found[name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEvidence_Contents(t *testing.T) {
	run, file := profiled(t), filepath.Join(t.TempDir(), "pack.tar.gz")
	printed(t, "evidence", run, "-o", file)
	found := unpack(t, file)
	for _, name := range []string{"README.md", "report.html", "report.json", "report.md", "report.txt", "plan.json", "target.json", "descriptors.csv", "memory.csv", "threads-and-children.csv", "profiles/heap-early.pb.gz", "profiles/heap-late.pb.gz", "profiles/heap-growth.pb.gz"} {
		if len(found[name]) == 0 {
			t.Errorf("%s is missing or empty", name)
		}
	}
	if p, err := profiles.Parse(found["profiles/heap-growth.pb.gz"]); err != nil || len(p.Sample) == 0 {
		t.Errorf("%v, %v", p, err)
	}
	if !bytes.Contains(found["README.md"], []byte("soak run")) || !bytes.Contains(found["README.md"], []byte("- profiles/heap-late.pb.gz")) {
		t.Errorf("%s", found["README.md"])
	}
	if out, err := exec.Command(binary, "evidence", run, "-o", file).CombinedOutput(); err == nil {
		t.Errorf("an older pack is overwritten: %s", out)
	}
}
