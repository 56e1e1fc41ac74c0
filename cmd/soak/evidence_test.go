package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"testing"

	"soakmon/profiles"
)

func TestEvidenceHoldsWhatAMaintainerAsksFor(t *testing.T) {
	run, file := profiled(t), filepath.Join(t.TempDir(), "pack.tar.gz")
	printed(t, "evidence", run, "-o", file)
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
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if found[h.Name[len(path.Dir("run/x"))+1:]], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
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
