package peer

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Setup is a real server that can be soaked, by its name on the command line.
type Setup struct {
	Name    string
	Help    string // one line
	Program Program
	make    func(name string) (Files, error)
}

// Files are a setup's files by name: the plan, the configuration, the keys.
type Files map[string][]byte

var setups []Setup

// register adds setups, in a file's init.
func register(s ...Setup) { setups = append(setups, s...) }

// Setups are all setups, sorted by name.
func Setups() []Setup {
	return slices.SortedFunc(slices.Values(setups), func(a, b Setup) int { return cmp.Compare(a.Name, b.Name) })
}

// Lookup finds a setup by its name.
func Lookup(name string) (Setup, error) {
	var names []string
	for _, s := range Setups() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Setup{}, fmt.Errorf("unknown server %q; there are %s", name, strings.Join(names, ", "))
}

// Write makes new keys and writes the setup to a folder, which it makes. It
// never overwrites a file. All of it is for the owner's eyes only.
func (s Setup) Write(folder string) (Files, error) {
	files, err := s.make(s.Name)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	if len(entries) > 0 {
		return nil, fmt.Errorf("%s is not empty; remove it or name another folder", folder)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			return nil, err
		}
	}
	return files, nil
}
