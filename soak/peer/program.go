package peer

import (
	"os"
	"os/exec"
	"path/filepath"
)

// Program is a server's executable.
type Program struct {
	Name string
	Get  string // how to get it
}

// The programs that setups run.
var (
	singBox = Program{"sing-box", "go install -tags with_quic,with_utls github.com/sagernet/sing-box/cmd/sing-box@v1.14.1"}
	xray    = Program{"xray", "go install github.com/xtls/xray-core/main@v1.260327.0, and call it xray: the program is installed as main"}
	openSSH = Program{"sshd", "apt-get install openssh-server"}
	nginx   = Program{"nginx", "apt-get install nginx-light"}
)

// Find gives what to start a program by: its name where it is in PATH, or its
// path where Debian keeps servers or in .peers/bin of this folder or one above,
// where `make peers` puts what it builds. It is the name, and false, where the
// program is in none of them.
func Find(name string) (path string, ok bool) {
	if _, err := exec.LookPath(name); err == nil {
		return name, true
	}
	folders := []string{"/usr/local/sbin", "/usr/sbin", "/sbin"}
	if dir, err := os.Getwd(); err == nil {
		for ; ; dir = filepath.Dir(dir) {
			folders = append(folders, filepath.Join(dir, ".peers", "bin"))
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	for _, folder := range folders {
		if path, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
			return path, true
		}
	}
	return name, false
}
