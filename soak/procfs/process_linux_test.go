package procfs

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// headlessVar makes the test binary a process whose main thread exits while the
// others run. It ends when its standard input closes.
const headlessVar = "PROCFS_TEST_HEADLESS"

func init() {
	if os.Getenv(headlessVar) != "" {
		runtime.LockOSThread() // the main goroutine stays on the main thread
	}
}

func TestMain(m *testing.M) {
	if os.Getenv(headlessVar) != "" {
		go func() {
			io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}()
		fmt.Println("ready")
		syscall.Syscall(syscall.SYS_EXIT, 0, 0, 0) // this thread only (exit(2))
	}
	os.Exit(m.Run())
}

// startHeadless starts that process and returns its pid, once its main thread
// has exited.
func startHeadless(t *testing.T) int {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), headlessVar+"=1", "GORACE=atexit_sleep_ms=0")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the process without a main thread: %v", err)
		}
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("%q, %v", line, err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		if st, err := Default.Stat(cmd.Process.Pid); err != nil || time.Now().After(deadline) {
			t.Fatalf("%+v, %v", st, err)
		} else if st.State == 'Z' {
			return cmd.Process.Pid
		}
	}
}

func TestStat_EndedWithoutMainThread(t *testing.T) {
	st, err := Default.Stat(startHeadless(t))
	if err != nil || st.State != 'Z' || st.Ended() || !st.Headless() {
		t.Errorf("a process that lives after its main thread: %+v, %v, ended %v", st, err, st.Ended())
	}
}

func TestStat_EndedZombie(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		st, err := Default.Stat(cmd.Process.Pid)
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("%+v, %v", st, err)
		}
		if st.Ended() {
			return
		}
	}
}

// What the kernel hides is an error, and never empty or zero.
func TestProcess_WithoutMainThread(t *testing.T) {
	p, err := Default.Open(startHeadless(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if Default.CountsDescriptors() {
		if n, err := p.Descriptors(); !errors.Is(err, ErrHeadless) {
			t.Errorf("%d descriptors, %v", n, err)
		}
	}
	if err := p.List("fd", func(*os.File, []string) error { return nil }); !errors.Is(err, ErrHeadless) {
		t.Errorf("list of descriptors: %v", err)
	}
	if b, err := p.ReadFile("smaps_rollup"); !errors.Is(err, ErrHeadless) {
		t.Errorf("memory: %q, %v", b, err)
	}
	if err := p.Rows("net/tcp", func([]byte) {}); !errors.Is(err, ErrHeadless) {
		t.Errorf("sockets: %v", err)
	}
}

func TestProcess_Gone(t *testing.T) {
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p, err := Default.Open(cmd.Process.Pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	p.Keep()
	buf := make([]byte, 1024)
	if b, err := p.Pread("stat", buf); err != nil || len(b) == 0 {
		t.Errorf("%q, %v", b, err)
	}
	if other, err := Default.Open(p.PID, p.Start+1); !errors.Is(err, ErrGone) {
		t.Errorf("opened with another start time: %v, %v", other, err)
	}
	in.Close()
	cmd.Wait()
	if b, err := p.Pread("stat", buf); !errors.Is(err, ErrGone) {
		t.Errorf("after the end: %q, %v", b, err)
	}
	if _, err := p.ReadFile("limits"); !errors.Is(err, ErrGone) {
		t.Errorf("after the end: %v", err)
	}
}

func TestProcess_ExplainPermission(t *testing.T) {
	p, err := Default.Open(os.Getpid(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	err = p.Explain("io", &fs.PathError{Op: "open", Path: "io", Err: syscall.EACCES})
	if !errors.Is(err, syscall.EACCES) || !strings.Contains(err.Error(), "run soak as root") {
		t.Error(err)
	}
}

func TestFS_Snapshot(t *testing.T) {
	all, err := Default.Snapshot()
	self := all[os.Getpid()]
	if err != nil || self.PID != os.Getpid() || self.Parent != os.Getppid() || self.Comm == "" || self.Start == 0 {
		t.Errorf("%+v, %v", self, err)
	}
	if parent := all[os.Getppid()]; ByAge(parent, self) >= 0 {
		t.Errorf("%v is not older than %v", parent, self)
	}
	if _, err := FS(t.TempDir() + "/none").Snapshot(); err == nil {
		t.Error("no error without a proc(5)")
	}
}

func TestFS_Children(t *testing.T) {
	pid := startHeadless(t)
	if !Default.ListsChildren(os.Getpid()) {
		t.Skip("needs a kernel with CONFIG_PROC_CHILDREN")
	}
	if all := Default.Children(os.Getpid()); !slices.Contains(all, pid) {
		t.Errorf("%d is not among %v", pid, all)
	}
}

func TestFS_Environ(t *testing.T) {
	pid := startHeadless(t)
	if v, ok := Default.Environ(pid, headlessVar); ok { // it has no memory to show
		t.Errorf("%q", v)
	}
	root := FS(t.TempDir())
	write(t, root.Path(7, "environ"), "A=1\x00GOGC=off\x00AB=\x00")
	for name, want := range map[string]string{"GOGC": "off", "A": "1", "AB": ""} {
		if v, ok := root.Environ(7, name); !ok || v != want {
			t.Errorf("%s: %q, %v", name, v, ok)
		}
	}
	if _, ok := root.Environ(7, "B"); ok {
		t.Error("B is set")
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFS_Sockets(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	u, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	all, err := Default.Sockets()
	if err != nil {
		t.Fatal(err)
	}
	for network, addr := range map[string]net.Addr{"tcp": l.Addr(), "udp": u.LocalAddr()} {
		want := netip.MustParseAddrPort(addr.String())
		i := slices.IndexFunc(all, func(s Socket) bool { return s.Network == network && s.Local == want })
		if i < 0 || !all[i].Serves() || all[i].Inode == 0 {
			t.Errorf("%s %s is missing, or does not serve", network, want)
		}
	}
}

func TestFS_SocketsWithoutIPv6(t *testing.T) {
	root := t.TempDir()
	write(t, root+"/net/tcp", tcpTable)
	if _, err := FS(root).Sockets(); err == nil {
		t.Error("a missing table of UDP is accepted")
	}
	write(t, root+"/net/udp", strings.ReplaceAll(tcpTable, " 0A ", " 07 "))
	all, err := FS(root).Sockets()
	serving := slices.DeleteFunc(slices.Clone(all), func(s Socket) bool { return !s.Serves() })
	if err != nil || len(all) != 8 || len(serving) != 6 {
		t.Errorf("%d sockets, %d of them serve; %v", len(all), len(serving), err)
	}
}

func TestMemoryGroup_Limit(t *testing.T) {
	for name, c := range map[string]struct {
		files  map[string]string
		cgroup string
		want   uint64
	}{
		"version 2, the lowest on the way up": {map[string]string{"a/memory.max": "1000", "a/b/memory.max": "2000", "a/b/c/memory.max": "max"}, "0::/a/b/c", 1000},
		"version 1":                           {map[string]string{"memory/memory.limit_in_bytes": "9223372036854771712", "memory/a/memory.limit_in_bytes": "3000"}, "4:cpu,memory:/a", 3000},
		"no limit":                            {map[string]string{"a/memory.max": "max"}, "0::/a", 0},
		"only the mount of a container":       {map[string]string{"memory/memory.limit_in_bytes": "500"}, "4:memory:/docker/x", 500},
	} {
		t.Run(name, func(t *testing.T) {
			mount := t.TempDir()
			for file, content := range c.files {
				write(t, filepath.Join(mount, file), content+"\n")
			}
			groups := MemoryGroups(mount, []byte(c.cgroup+"\n"))
			if len(groups) != 1 {
				t.Fatalf("%+v", groups)
			}
			got, ok, err := groups[0].Limit()
			if got != c.want || ok != (c.want != 0) || err != nil {
				t.Errorf("%d, %v, %v; want %d", got, ok, err, c.want)
			}
		})
	}
}

func TestMemoryGroup_LimitInvalid(t *testing.T) {
	mount := t.TempDir()
	write(t, mount+"/a/memory.max", "x\n")
	if n, _, err := MemoryGroups(mount, []byte("0::/a\n"))[0].Limit(); err == nil {
		t.Error(strconv.FormatUint(n, 10))
	}
}
