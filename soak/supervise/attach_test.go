//go:build unix

package supervise

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"soakmon/soak"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestNewTarget_AttachLeavesProcessAlone(t *testing.T) {
	nothingLeft(t)
	cmd, _ := stranger(t, "sleep", "1000")
	pid := cmd.Process.Pid
	tg := target(t, soak.Target{PID: pid, Tree: true, Pprof: "http://127.0.0.1:1/debug/pprof/"}, TargetOptions{})
	p, up := tg.Process()
	if !up || p.PID != pid || p.Pprof == "" || tg.Facts().PID != pid || !strings.HasSuffix(tg.Facts().Exe, "sleep") {
		t.Errorf("%+v, %v, %+v", p, up, tg.Facts())
	}
	if err := tg.Close(t.Context()); err != nil || gone(pid) {
		t.Errorf("close: %v; gone: %v", err, gone(pid))
	}
}

func TestNewTarget_AttachedProcessExits(t *testing.T) {
	nothingLeft(t)
	cmd, _ := stranger(t, "sleep", "1000")
	tg := target(t, soak.Target{PID: cmd.Process.Pid}, TargetOptions{})
	syscall.Kill(cmd.Process.Pid, syscall.SIGKILL)
	next(t, tg, soak.EventStart)
	next(t, tg, soak.EventExit)
	next(t, tg, soak.EventCrash)
}

func TestNewTarget_Zombie(t *testing.T) {
	nothingLeft(t)
	cmd, _ := stranger(t, "true")
	eventually(t, "it has ended", func() bool { return gone(cmd.Process.Pid) })
	refused(t, soak.Target{PID: cmd.Process.Pid}, "is a zombie")
}

// A process whose main thread has exited is in state Z, but lives for as long as
// its other threads run.
func TestNewTarget_AttachWithoutMainThread(t *testing.T) {
	nothingLeft(t)
	args, env := play("headless")
	cmd := exec.Command(args[0])
	cmd.Env = os.Environ()
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer in.Close()
	eventually(t, "its main thread has exited", func() bool {
		st, err := proc.Stat(cmd.Process.Pid)
		return err == nil && st.State == 'Z'
	})
	tg := target(t, soak.Target{PID: cmd.Process.Pid}, TargetOptions{})
	leader, err := alive(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	h, err := openHandle(leader)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if exit, ended := (&instance{handle: h, leader: leader}).ended(); ended {
		t.Errorf("it counts as ended: %v", exit)
	}
	next(t, tg, soak.EventStart)
	in.Close()
	next(t, tg, soak.EventExit)
	next(t, tg, soak.EventCrash)
}

func TestNewTarget_Pidfile(t *testing.T) {
	nothingLeft(t)
	cmd, _ := stranger(t, "sleep", "1000")
	file := filepath.Join(t.TempDir(), "pid")
	write := func(s string) {
		if err := os.WriteFile(file, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(itoa(cmd.Process.Pid) + "\n")
	if p, _ := target(t, soak.Target{PIDFile: file}, TargetOptions{}).Process(); p.PID != cmd.Process.Pid {
		t.Errorf("%+v", p)
	}
	write("nginx")
	refused(t, soak.Target{PIDFile: file}, "invalid pid")
	write("2147483647")
	refused(t, soak.Target{PIDFile: file}, "stale", "no process 2147483647")
	refused(t, soak.Target{PIDFile: file + "x"}, "no such file")
	refused(t, soak.Target{PID: 2147483647}, "no process")
}

func TestNewTarget_ListenSharedPort(t *testing.T) {
	nothingLeft(t)
	addr := freePort(t)
	args, _ := nginx(t, addr, false)
	cmd, _ := stranger(t, args...)
	t.Cleanup(func() { // its workers would outlive a SIGKILL
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	eventually(t, "nginx and its workers listen", func() bool {
		owners, err := servers(t.Context(), addr)
		return err == nil && len(owners) == 3
	})
	tg := target(t, soak.Target{Listen: addr}, TargetOptions{})
	if p, _ := tg.Process(); p.PID != cmd.Process.Pid {
		t.Errorf("following %d, the master is %d", p.PID, cmd.Process.Pid)
	}
	if e := next(t, tg, soak.EventNote); !strings.Contains(e.Text, "3 processes share") {
		t.Error(e.Text)
	}
	if err := Serves(cmd.Process.Pid, addr); err != nil {
		t.Error(err)
	}
}

// neighbours are an address that is served, on all addresses of this machine, and
// the next one, which nobody serves nor can: others that listen are no nearer.
func neighbours(t *testing.T) (served, unserved string) {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp4", "0.0.0.0:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		syscall.CloseOnExec(socket)
		if err := syscall.Bind(socket, &syscall.SockaddrInet4{Port: port + 1}); err == nil {
			t.Cleanup(func() { l.Close(); syscall.Close(socket) })
			return "127.0.0.1:" + itoa(port), "127.0.0.1:" + itoa(port+1)
		}
		l.Close()
		syscall.Close(socket)
	}
	t.Fatal("no two adjacent free ports")
	return "", ""
}

func TestServes_OtherProcess(t *testing.T) {
	addr, next := neighbours(t)
	if err := Serves(os.Getpid(), addr); err != nil {
		t.Error(err)
	}
	if err := Serves(os.Getpid(), strings.TrimPrefix(addr, "127.0.0.1")); err != nil {
		t.Errorf("bare port: %v", err)
	}
	cmd, _ := stranger(t, "sleep", "1000")
	checkServes(t, cmd.Process.Pid, addr, "(sleep) does not serve", "pid "+itoa(os.Getpid())+" does", "supervise.test")
	checkServes(t, cmd.Process.Pid, "192.0.2.1:80", "not on this machine")
	checkServes(t, cmd.Process.Pid, next, "nothing listens on", addr[len("127.0.0.1"):]+" by pid "+itoa(os.Getpid()))
	checkServes(t, cmd.Process.Pid, "80", "want HOST:PORT")
	checkServes(t, 2147483647, addr, "does not exist")
}

func checkServes(t *testing.T, pid int, addr string, says ...string) {
	t.Helper()
	err := Serves(pid, addr)
	if err == nil {
		t.Fatalf("pid %d was accepted for %s", pid, addr)
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("error does not say %q:\n%v", s, err)
		}
	}
}

func TestServes_UDP(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := Serves(os.Getpid(), c.LocalAddr().String()); err != nil {
		t.Error(err)
	}
}

func TestNewTarget_ListenNobody(t *testing.T) {
	nothingLeft(t)
	refused(t, soak.Target{Listen: freePort(t)}, "nothing listens on")
	if _, err := servers(context.Background(), "127.0.0.1:99999"); err == nil {
		t.Error("port 99999 was accepted")
	}
}
