//go:build unix

package supervise

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"soakmon/soak"
)

func target(t *testing.T, plan soak.Target, o TargetOptions) *Target {
	t.Helper()
	tg, err := NewTarget(t.Context(), plan, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tg.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return tg
}

// next waits for the next event that is not a note, and checks its kind.
func next(t *testing.T, tg *Target, want soak.EventKind) soak.Event {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case e, ok := <-tg.Events():
			if ok && e.Kind == soak.EventNote && want != soak.EventNote {
				continue
			}
			if e.Kind != want || e.Process != soak.RoleTarget || e.Wall.IsZero() {
				t.Fatalf("event %+v, want %q", e, want)
			}
			return e
		case <-deadline:
			t.Fatalf("no event %q in 20 s", want)
		}
	}
}

// refused checks that a target cannot be had, and what its error says.
func refused(t *testing.T, plan soak.Target, says ...string) {
	t.Helper()
	tg, err := NewTarget(t.Context(), plan, TargetOptions{Secrets: []string{"hunter2"}})
	if err == nil {
		tg.Close(context.Background())
		t.Fatalf("%+v was accepted", plan)
	}
	for _, s := range append(says, "target: ") {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("error does not say %q:\n%v", s, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a secret is in the error:\n%v", err)
	}
}

func TestNewTarget_CommandExits(t *testing.T) {
	nothingLeft(t)
	refused(t, soak.Target{Command: shell("echo bad option hunter2; exit 4")}, "exit code 4", "bad option [hidden]", "before it was ready")
	refused(t, soak.Target{Command: shell("exit 0")}, "exit code 0", "it printed nothing")
}

func TestNewTarget_NeverReady(t *testing.T) {
	nothingLeft(t)
	refused(t, soak.Target{
		Command: shell("echo starting; sleep 1000"),
		Ready:   soak.Ready{Log: "^serving", Timeout: 300 * time.Millisecond},
	}, "after 300ms", `matches "^serving"`, "starting")
	refused(t, soak.Target{Command: shell("sleep 1000"), Ready: soak.Ready{Log: "(", Timeout: time.Second}}, "regular expression")
	refused(t, soak.Target{Command: shell("sleep 1000"), Ready: soak.Ready{Listen: "192.0.2.1:80"}}, "not on this machine")
	refused(t, soak.Target{}, "no target")
}

func TestNewTarget_ForeignPort(t *testing.T) {
	nothingLeft(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	refused(t, soak.Target{
		Command: shell("sleep 1000"),
		Ready:   soak.Ready{Listen: l.Addr().String(), Timeout: 300 * time.Millisecond},
	}, "which the command did not start")
}

func TestNewTarget_ReadyLog(t *testing.T) {
	nothingLeft(t)
	tg := target(t, soak.Target{Command: shell("echo a; sleep 0.2; echo ready to serve; exec sleep 1000"), Ready: soak.Ready{Log: "ready"}, Tree: true}, TargetOptions{})
	p, ok := tg.Process()
	if !ok || p.Role != soak.RoleTarget || !p.Tree || p.PID == 0 || p.Start == 0 || tg.Address() != "" {
		t.Errorf("%+v, %v", p, ok)
	}
	if e := next(t, tg, soak.EventStart); int(e.Value) != p.PID {
		t.Errorf("%+v", e)
	}
}

func TestNewTarget_ReadyURL(t *testing.T) {
	nothingLeft(t)
	status := make(chan int, 1)
	status <- http.StatusServiceUnavailable
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case s := <-status:
			w.WriteHeader(s)
		default:
		}
	}))
	defer srv.Close()
	target(t, soak.Target{Command: shell("sleep 1000"), Ready: soak.Ready{URL: srv.URL}}, TargetOptions{})
	if len(status) != 0 {
		t.Error("the URL was never asked")
	}
	status <- http.StatusNotFound
	if got := answers(t.Context(), srv.URL); !strings.Contains(got, "404") {
		t.Errorf("got %q", got)
	}
}

func TestNewTarget_Nginx(t *testing.T) {
	nothingLeft(t)
	addr := freePort(t)
	args, pidfile := nginx(t, addr, false)
	tg := target(t, soak.Target{Command: args, Ready: soak.Ready{Listen: addr, URL: "http://" + addr}, Tree: true}, TargetOptions{})
	p, _ := tg.Process()
	if b, err := os.ReadFile(pidfile); err != nil || strings.TrimSpace(string(b)) != itoa(p.PID) {
		t.Errorf("pid %d, the pidfile says %q, %v", p.PID, b, err)
	}
	next(t, tg, soak.EventStart)
	if f := tg.Facts(); !strings.HasSuffix(f.Exe, "nginx") || f.NoFile == 0 || f.Memory == 0 || time.Since(f.Started) > time.Minute || time.Since(f.Started) < -2*time.Second {
		t.Errorf("facts %+v", f)
	}
	if err := Serves(p.PID, addr); err != nil {
		t.Error(err)
	}
}

func TestNewTarget_Wrapper(t *testing.T) {
	for name, tree := range map[string]bool{"and its tree summed": true, "or the server itself followed": false} {
		t.Run(name, func(t *testing.T) {
			nothingLeft(t)
			addr := freePort(t)
			args, pidfile := nginx(t, addr, false)
			tg := target(t, soak.Target{Command: append([]string{"timeout", "1000"}, args...), Ready: soak.Ready{Listen: addr}, Tree: tree}, TargetOptions{})
			note := next(t, tg, soak.EventNote)
			b, _ := os.ReadFile(pidfile)
			master := strings.TrimSpace(string(b))
			if !strings.Contains(note.Text, "is served by pid "+master) {
				t.Errorf("note %q", note.Text)
			}
			p, _ := tg.Process()
			if served := itoa(p.PID) == master; served == tree {
				t.Errorf("following %d, the master is %s", p.PID, master)
			}
			if !strings.HasSuffix(tg.Facts().Exe, "nginx") {
				t.Errorf("facts are of %s", tg.Facts().Exe)
			}
		})
	}
}

func TestNewTarget_Daemon(t *testing.T) {
	nothingLeft(t)
	addr := freePort(t)
	args, pidfile := nginx(t, addr, true)
	tg := target(t, soak.Target{Command: args, Ready: soak.Ready{Listen: addr}, Tree: true}, TargetOptions{})
	if e := next(t, tg, soak.EventNote); !strings.Contains(e.Text, "background") {
		t.Errorf("note %q", e.Text)
	}
	p, _ := tg.Process()
	b, _ := os.ReadFile(pidfile)
	if strings.TrimSpace(string(b)) != itoa(p.PID) {
		t.Errorf("following %d, the pidfile says %q", p.PID, b)
	}
	if err := tg.Close(t.Context()); err != nil || !gone(p.PID) {
		t.Errorf("close: %v, daemon gone: %v", err, gone(p.PID))
	}
	if c, err := net.Dial("tcp", addr); err == nil {
		c.Close()
		t.Error("somebody still serves")
	}
}

func TestNewTarget_DaemonServesAlready(t *testing.T) {
	nothingLeft(t)
	addr := freePort(t)
	args, _ := nginx(t, addr, false)
	tg := target(t, soak.Target{
		Command: shell("setsid " + strings.Join(args, " ") + " & sleep 0.2; exit 0"),
		Ready:   soak.Ready{Listen: addr}, Tree: true,
	}, TargetOptions{})
	if e := next(t, tg, soak.EventNote); !strings.Contains(e.Text, "background") {
		t.Errorf("note %q", e.Text)
	}
}

func TestTarget_DaemonExitStatus(t *testing.T) {
	nothingLeft(t)
	tg := target(t, soak.Target{Command: shell(`setsid sh -c 'trap "exit 5" TERM; echo up; while :; do sleep 0.01; done' & exit 0`), Ready: soak.Ready{Log: "up"}}, TargetOptions{})
	next(t, tg, soak.EventStart)
	eventually(t, "the daemon is followed", func() bool {
		p, ok := tg.Process()
		q, err := proc.Stat(p.PID)
		return ok && err == nil && !q.Ended() && q.Session == q.PID && q.Parent == os.Getpid() && p.PID != tg.now.child.PID
	})
	p, _ := tg.Process()
	syscall.Kill(p.PID, syscall.SIGTERM)
	if e := next(t, tg, soak.EventExit); !strings.Contains(e.Text, "exit code 5") {
		t.Error(e.Text)
	}
	next(t, tg, soak.EventCrash)
}

func TestTarget_ExitWithoutRestart(t *testing.T) {
	nothingLeft(t)
	tg := target(t, soak.Target{Command: shell("sleep 0.4; echo oh no; exit 9")}, TargetOptions{})
	next(t, tg, soak.EventStart)
	if e := next(t, tg, soak.EventExit); !strings.Contains(e.Text, "exit code 9") || !strings.Contains(e.Text, "oh no") {
		t.Error(e.Text)
	}
	next(t, tg, soak.EventCrash)
	if _, up := tg.Process(); up {
		t.Error("it is dead and said to be up")
	}
}

func TestTarget_RestartIdentity(t *testing.T) {
	nothingLeft(t)
	tg := target(t, soak.Target{
		Command: shell("setsid sleep 1000 & echo up; wait"), Ready: soak.Ready{Log: "up"},
		OnExit: soak.OnExit{Restart: true, Max: 2, Backoff: time.Millisecond},
	}, TargetOptions{})
	next(t, tg, soak.EventStart)
	before, _ := tg.Process()
	tree, err := children.tree(tg.now.child)
	if err != nil || len(tree) != 2 {
		t.Fatalf("tree %v, %v", tree, err)
	}
	syscall.Kill(before.PID, syscall.SIGKILL)
	if e := next(t, tg, soak.EventExit); !strings.Contains(e.Text, "signal 9") {
		t.Error(e.Text)
	}
	e := next(t, tg, soak.EventRestart)
	after, up := tg.Process()
	if !up || after.PID == before.PID && after.Start == before.Start || int(e.Value) != after.PID {
		t.Errorf("before %+v, after %+v, event %+v", before, after, e)
	}
	for _, p := range tree {
		if !gone(p.PID) {
			t.Errorf("%v of the first life lives on", p)
		}
	}
}

func TestTarget_CrashLoop(t *testing.T) {
	nothingLeft(t)
	marker := t.TempDir() + "/started"
	tg := target(t, soak.Target{
		Command: shell("test -e " + marker + " && exit 1; touch " + marker + "; echo up; sleep 0.1; exit 1"), Ready: soak.Ready{Log: "up"},
		OnExit: soak.OnExit{Restart: true, Max: 2, Backoff: time.Millisecond},
	}, TargetOptions{})
	next(t, tg, soak.EventStart)
	next(t, tg, soak.EventExit)
	next(t, tg, soak.EventExit) // the first restart never got ready
	next(t, tg, soak.EventExit)
	if e := next(t, tg, soak.EventCrash); !strings.Contains(e.Text, "2 times") {
		t.Error(e.Text)
	}
}

func TestTarget_EmbeddedServer(t *testing.T) {
	nothingLeft(t)
	args, env := play("server")
	tg := target(t, soak.Target{Embedded: soak.Protocols{"tcp"}, Env: env, OnExit: soak.OnExit{Restart: true, Max: 1, Backoff: time.Millisecond}}, TargetOptions{Serve: args})
	addr := tg.Address()
	p, _ := tg.Process()
	if addr == "" || p.Pprof != "http://"+addr+"/debug/pprof/" || string(tg.Hello().Options) != `{"a":1}` {
		t.Errorf("hello %+v, process %+v", tg.Hello(), p)
	}
	if f := tg.Facts(); !strings.Contains(f.Build, "soakmon/soak/supervise") || f.PID != p.PID {
		t.Errorf("facts %+v", f)
	}
	if err := Serves(p.PID, addr); err != nil {
		t.Error(err)
	}
	syscall.Kill(p.PID, syscall.SIGKILL)
	next(t, tg, soak.EventStart)
	next(t, tg, soak.EventExit)
	next(t, tg, soak.EventRestart)
	if tg.Address() != addr {
		t.Errorf("it listened on %s, now on %s", addr, tg.Address())
	}
}

func TestTarget_ContextEnds(t *testing.T) {
	nothingLeft(t)
	ctx, cancel := context.WithCancel(t.Context())
	tg, err := NewTarget(ctx, soak.Target{Command: shell(`trap "" TERM; while :; do sleep 1000; done`)}, TargetOptions{Grace: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := tg.Process()
	cancel()
	eventually(t, "it is gone", func() bool { return gone(p.PID) })
	if err := tg.Close(t.Context()); err != nil {
		t.Error(err)
	}
	for range tg.Events() { // closed
	}
}

func TestBackoff_Doubles(t *testing.T) {
	for n, want := range []time.Duration{10, 20, 40, 60, 60} {
		if got := backoff(10*time.Second, n); got != want*time.Second {
			t.Errorf("restart %d after %v, want %v s", n, got, want)
		}
	}
	if backoff(0, 0) != time.Second || backoff(time.Second, 1000) != time.Minute {
		t.Error("default or cap is wrong")
	}
}
