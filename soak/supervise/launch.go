package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"soakmon/soak"
)

const (
	defaultReady = 30 * time.Second
	readyEvery   = 50 * time.Millisecond  // between two checks
	settleTime   = 250 * time.Millisecond // a command must live for this time where no other condition shows that it is ready
	maxHello     = 1 << 20                // bytes
)

func (t *Target) readyTimeout() time.Duration {
	if t.plan.Ready.Timeout > 0 {
		return t.plan.Ready.Timeout
	}
	return defaultReady
}

// launch starts the command and waits until it is ready. It stops a command that
// does not become ready.
func (t *Target) launch(ctx context.Context) (*instance, error) {
	in := &instance{began: time.Now()}
	conditions, onLine, err := t.conditions(in)
	if err != nil {
		return nil, err
	}
	in.child, err = Start(t.life, Spec{
		Args: t.args(), Env: t.env(), Dir: t.plan.Dir, Grace: t.opt.Grace,
		Stdin: len(t.plan.Embedded) > 0, Fd3: len(t.plan.Embedded) > 0,
		Output: func(line string) {
			in.tail.add(t.scrub.Replace(line))
			onLine(line)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	in.leader, in.serving = in.child.ID, in.child.ID
	if len(t.plan.Embedded) > 0 {
		conditions = append(conditions, t.greeting(in))
	}
	if err := t.ready(ctx, in, conditions); err != nil {
		return nil, errors.Join(err, in.end(ctx))
	}
	t.noteWrapper(in)
	return in, nil
}

// args is the command to start. A restarted embedded server must listen where the
// load expects it.
func (t *Target) args() []string {
	if len(t.plan.Embedded) == 0 {
		return t.plan.Command
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now == nil || t.now.hello.Address == "" {
		return t.opt.Serve
	}
	var addresses []string
	for _, s := range t.now.hello.Servers() {
		addresses = append(addresses, s.Address)
	}
	return append(slices.Clone(t.opt.Serve), "--address", strings.Join(addresses, ","))
}

func (t *Target) env() map[string]string {
	env := map[string]string{}
	maps.Copy(env, t.plan.Env)
	if len(t.plan.Embedded) > 0 {
		maps.Copy(env, t.opt.Env)
	}
	return env
}

// greeting is the condition that the embedded server has said hello.
func (t *Target) greeting(in *instance) condition {
	var said atomic.Pointer[Hello]
	var failed atomic.Pointer[error]
	go func() { // ends with the pipe
		var h Hello
		lines := json.NewDecoder(io.LimitReader(in.child.fd3, maxHello))
		if err := lines.Decode(&h); err != nil {
			failed.Store(&err)
			return
		}
		said.Store(&h)
		for u := (Unplanted{}); lines.Decode(&u) == nil; u = (Unplanted{}) {
			t.send(soak.Event{Kind: soak.EventPlant, Name: u.Kind, Value: soak.Float(u.Steps), Text: u.Why})
		}
		io.Copy(io.Discard, in.child.fd3)
	}()
	return func(context.Context) string {
		if err := failed.Load(); err != nil {
			return fmt.Sprintf("invalid address on file descriptor 3: %v", *err)
		}
		h := said.Load()
		if h == nil {
			return "it has not reported its address on file descriptor 3"
		}
		in.hello = *h
		return ""
	}
}

// ready waits until all conditions hold. Where a process other than the leader
// serves, the leader may be about to leave it in the background, so it gets a
// moment to do that.
func (t *Target) ready(ctx context.Context, in *instance, conditions []condition) error {
	timeout := t.readyTimeout()
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("after %v", timeout))
	defer cancel()
	for settled := false; ; {
		if exit, ended := in.ended(); ended && !t.background(in, exit) {
			return fmt.Errorf("target: %s ended before it was ready: %s%s", t.name(), exit, &in.tail)
		}
		missing := unmet(ctx, conditions)
		if missing == "" && (in.serving == in.leader || settled) {
			return nil
		}
		if missing == "" {
			within(in.child.Done(), settleTime)
			settled = true
			continue
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("target: %s was not ready (%w): %s%s", t.name(), context.Cause(ctx), missing, &in.tail)
		case <-time.After(readyEvery):
		}
	}
}

func (t *Target) name() string {
	if len(t.plan.Embedded) > 0 {
		return "the embedded server"
	}
	return t.scrub.Replace(strings.Join(redact(t.plan.Command), " "))
}

// background follows a daemon where the command's exit shows that it put itself
// into the background.
func (t *Target) background(in *instance, exit Exit) bool {
	if in.child == nil || !exit.Known || exit.Code != 0 || time.Since(in.began) > t.readyTimeout() {
		return false
	}
	daemon, h, ok := in.daemon()
	if !ok {
		return false
	}
	t.mu.Lock()
	in.lead(daemon.ID, h)
	t.mu.Unlock()
	t.emit(soak.EventNote, daemon.PID, "the command put itself into the background; following %s", daemon)
	return true
}

// noteWrapper emits a note where a descendant of the started process serves. Where
// the tree is not summed, that descendant is followed instead:
// samples of a mere wrapper would not describe the server.
func (t *Target) noteWrapper(in *instance) {
	if in.serving == in.leader {
		return
	}
	p, err := proc.Stat(in.serving.PID)
	if err != nil {
		return
	}
	what := "all of its processes are summed"
	if h, err := openHandle(in.serving); err == nil {
		if t.plan.Tree {
			h.Close()
		} else {
			in.lead(in.serving, h)
			what = "only that one is sampled"
		}
	}
	t.emit(soak.EventNote, p.PID, "%s is served by %s, which pid %d started; %s", t.plan.Ready.Listen, p, in.child.PID, what)
}
