//go:build unix

package supervise

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func start(t *testing.T, s Spec) *Child {
	t.Helper()
	c, err := Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

func shell(script string) []string { return []string{"sh", "-c", script} }

func TestExit_CodeOrSignal(t *testing.T) {
	nothingLeft(t)
	if e := start(t, Spec{Args: shell("exit 3")}).Exit(); !e.Known || e.Code != 3 || e.Signal != 0 || e.String() != "exit code 3" || e.MaxRSS < 4096 {
		t.Errorf("exit 3: %+v, %v", e, e)
	}
	if e := start(t, Spec{Args: shell("kill -9 $$")}).Exit(); e.Signal != syscall.SIGKILL || e.String() != "killed by signal 9 (killed)" {
		t.Errorf("kill -9: %+v, %v", e, e)
	}
}

func TestStart_MissingProgram(t *testing.T) {
	nothingLeft(t)
	if _, err := Start(t.Context(), Spec{Args: []string{"/no/such/program"}}); err == nil || !strings.Contains(err.Error(), "/no/such/program") {
		t.Errorf("err = %v", err)
	}
	if _, err := Start(t.Context(), Spec{}); err == nil {
		t.Error("no command was accepted")
	}
}

func TestChild_Process(t *testing.T) {
	nothingLeft(t)
	c := start(t, Spec{Args: []string{"sleep", "1000"}})
	pid, start := c.Process()
	p, err := proc.Stat(pid)
	if err != nil || p.Start != start || p.Session != pid || p.Group != pid {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestStart_Pipes(t *testing.T) {
	nothingLeft(t)
	var out lines
	c := start(t, Spec{Args: shell(`read x; echo "got $x"; echo "three" >&3; echo "$A" >&2; cat`), Env: map[string]string{"A": "b"}, Stdin: true, Fd3: true, Output: out.add})
	fmt.Fprintln(c.Stdin(), "hi")
	if line, err := bufio.NewReader(c.Fd3()).ReadString('\n'); line != "three\n" {
		t.Errorf("fd 3 gave %q, %v", line, err)
	}
	eventually(t, "two lines of output", func() bool { return slices.Equal(out.get(), []string{"got hi", "b"}) })
	c.Stdin().Close()
	if e := c.Exit(); e.Code != 0 {
		t.Error(e)
	}
	if rest, err := io.ReadAll(c.Fd3()); len(rest) > 0 || err != nil {
		t.Errorf("after the end fd 3 gave %q, %v", rest, err)
	}
}

func TestStop_ClosesStdinFirst(t *testing.T) {
	nothingLeft(t)
	c := start(t, Spec{Args: shell("cat; sleep 0.2; exit 6"), Stdin: true})
	if err := c.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e := c.Exit(); e.Code != 6 {
		t.Errorf("it was not let end by itself: %v", e)
	}
}

func TestStop_IgnoredSIGTERM(t *testing.T) {
	nothingLeft(t)
	var out lines
	c := start(t, Spec{Args: shell(`trap "" TERM; echo $$; while :; do sleep 1000; done`), Output: out.add, Grace: 100 * time.Millisecond})
	out.pids(t, 1)
	if err := c.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e := c.Exit(); e.Signal != syscall.SIGKILL {
		t.Error(e)
	}
}

func TestStop_ChildEndsByItself(t *testing.T) {
	nothingLeft(t)
	var out lines
	c := start(t, Spec{Args: shell(`trap "exit 7" TERM; echo $$; while :; do sleep 0.01; done`), Output: out.add})
	out.pids(t, 1)
	if err := c.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e := c.Exit(); e.Code != 7 {
		t.Error(e)
	}
}

func TestStop_OtherSession(t *testing.T) {
	for name, script := range map[string]string{
		"setsid":                          `setsid sh -c 'echo $$; exec sleep 1000' & wait`,
		"daemon":                          `setsid sh -c '(setsid sh -c "echo \$\$; exec sleep 1000" &)'; sleep 1000`,
		"orphan":                          `setsid sh -c 'echo $$; exec sleep 1000' & exit 0`,
		"orphan with a wiped environment": `env -i setsid sh -c 'echo $$; exec sleep 1000' & exit 0`,
		"that ignores SIGTERM":            `setsid sh -c 'trap "" TERM; echo $$; while :; do sleep 1000; done' & exit 0`,
	} {
		t.Run(name, func(t *testing.T) {
			nothingLeft(t)
			var out lines
			c := start(t, Spec{Args: shell(script), Output: out.add, Grace: 200 * time.Millisecond})
			pid := out.pids(t, 1)[0]
			if gone(pid) {
				t.Fatal("it ended before it was stopped")
			}
			if err := c.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			if !gone(pid) {
				t.Errorf("pid %d lives on", pid)
			}
		})
	}
}

func TestStop_SparesOthers(t *testing.T) {
	nothingLeft(t)
	other, _ := stranger(t, "sleep", "1000")
	older := start(t, Spec{Args: []string{"sleep", "1000"}})
	var out lines
	c := start(t, Spec{Args: shell(`setsid sleep 1000 & setsid sh -c 'echo $$; exec sleep 1000' & wait`), Output: out.add})
	out.pids(t, 1)
	younger := start(t, Spec{Args: []string{"sleep", "1000"}})
	if err := c.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, pid := range map[string]int{"stranger": other.Process.Pid, "older child": older.PID, "younger child": younger.PID} {
		if gone(pid) {
			t.Errorf("the %s was hit", name)
		}
	}
}

func TestStart_ContextKills(t *testing.T) {
	nothingLeft(t)
	ctx, cancel := context.WithCancel(t.Context())
	var out lines
	c, err := Start(ctx, Spec{Args: shell(`trap "" TERM; echo $$; while :; do sleep 1000; done`), Output: out.add, Grace: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	out.pids(t, 1)
	cancel()
	if e := c.Exit(); e.Signal == 0 {
		t.Error(e)
	}
	if err := c.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestStart_OutputWithoutNewline(t *testing.T) {
	nothingLeft(t)
	var out lines
	c := start(t, Spec{Args: shell(`head -c 50000000 /dev/zero | tr '\0' x; printf '\n\033[31mend\377\n'`), Output: out.add})
	c.Exit()
	eventually(t, "the end of the output", func() bool { return len(out.get()) == 2 })
	got := out.get()
	if len(got[0]) > maxLine+len(" …") || !strings.HasSuffix(got[0], "x …") {
		t.Errorf("the long line has %d bytes", len(got[0]))
	}
	if got[1] != "[31mend\uFFFD" {
		t.Errorf("the line after it is %q", got[1])
	}
}

func TestRegistry_ReapsOrphans(t *testing.T) {
	nothingLeft(t)
	var out lines
	start(t, Spec{Args: shell(`for i in 1 2 3; do sh -c 'setsid sh -c "echo \$\$; exec sleep 0.05" & exit 0'; done; sleep 1000`), Output: out.add})
	for _, pid := range out.pids(t, 3) {
		eventually(t, "the orphan was reaped", func() bool {
			_, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
			return err != nil
		})
	}
}

func TestStart_MonitorKilled(t *testing.T) {
	nothingLeft(t)
	args, env := play("monitor")
	var out lines
	monitor := start(t, Spec{Args: args, Env: env, Output: out.add})
	eventually(t, "the monitor's children run", func() bool { return len(out.get()) == 1 })
	var held, loose int
	if _, err := fmt.Sscan(out.get()[0], &held, &loose); err != nil {
		t.Fatal(err)
	}
	if gone(held) || gone(loose) {
		t.Fatal("they ended too early")
	}
	if err := syscall.Kill(monitor.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the child with a pipe has ended", func() bool { return gone(held) })
	eventually(t, "the child without one has ended", func() bool { return gone(loose) })
}

func TestOpenHandle_RecycledPid(t *testing.T) {
	p, err := proc.Stat(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if h, err := openHandle(p.ID); err != nil {
		t.Error(err)
	} else {
		h.Close()
	}
	p.Start--
	if h, err := openHandle(p.ID); err != errGone {
		t.Errorf("handle %v, err %v", h, err)
	}
}

func TestEnviron_KeepsMarks(t *testing.T) {
	t.Setenv(markVar, "above")
	env := environ(map[string]string{"A": "1"}, "mine")
	if !slices.Contains(env, "A=1") || env[len(env)-1] != markVar+"=above,mine" {
		t.Errorf("the environment ends with %v", env[len(env)-2:])
	}
}

// BenchmarkScan is the price of one look at all processes of this machine.
func BenchmarkScan(b *testing.B) {
	c, err := Start(b.Context(), Spec{Args: []string{"sleep", "1000"}})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Stop(context.Background())
	for b.Loop() {
		if tree, err := children.tree(c); err != nil || len(tree) != 1 {
			b.Fatal(tree, err)
		}
	}
	all, err := readSnapshot()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(len(all)), "processes")
}
