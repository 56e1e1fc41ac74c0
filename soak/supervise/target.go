package supervise

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"soakmon/soak"
)

// Hello is the line of JSON by which an embedded server says, on its file
// descriptor 3, that it serves.
type Hello struct {
	Address string          `json:"address"`           // HOST:PORT it listens on
	Options json.RawMessage `json:"options,omitempty"` // what a client needs to know: certificates, keys
	Pprof   string          `json:"pprof,omitempty"`   // URL of its /debug/pprof/ index
	Vars    string          `json:"vars,omitempty"`    // URL of its expvar page
	Metrics string          `json:"metrics,omitempty"` // URL of its Prometheus page
	Also    []Served        `json:"also,omitempty"`    // further servers of the same process
}

// Unplanted is a line of JSON by which an embedded server says, after its hello,
// that it could not plant a leak.
type Unplanted struct {
	Kind  string `json:"unplanted"`
	Steps int64  `json:"steps"` // that failed by now
	Why   string `json:"why"`
}

// Served is one server of an embedded target.
type Served struct {
	Address string          `json:"address"`
	Options json.RawMessage `json:"options,omitempty"`
}

// Servers are all servers that said hello, in the order of the command line;
// none where nothing did.
func (h Hello) Servers() []Served {
	if h.Address == "" {
		return nil
	}
	return append([]Served{{h.Address, h.Options}}, h.Also...)
}

// TargetOptions are what a target needs in addition to its plan.
type TargetOptions struct {
	Serve   []string          // command of the embedded server; when it is started again, --address HOST:PORT,… of before is added
	Env     map[string]string // of the embedded server, added to ours
	Secrets []string          // values never to show or store
	Grace   time.Duration     // from SIGTERM to SIGKILL; 5 s where it is 0
}

// Target is the server under test, started or attached to, and watched.
type Target struct {
	plan   soak.Target
	opt    TargetOptions
	scrub  *strings.Replacer
	events chan soak.Event
	life   context.Context    // ends: all is killed
	quit   context.CancelFunc // ends the supervision, gently
	done   chan struct{}      // closed when the supervision has ended

	closing  sync.Once
	closeErr error

	mu    sync.Mutex
	now   *instance // newest
	up    bool
	facts soak.Facts
}

// NewTarget starts the target and waits until it is ready, or finds the running
// process. When ctx ends, the processes it started are killed at once. The error of
// a command that does not become ready shows the last lines of its output.
func NewTarget(ctx context.Context, plan soak.Target, o TargetOptions) (*Target, error) {
	watch, quit := context.WithCancel(ctx)
	t := &Target{
		plan: plan, opt: o, scrub: scrubber(o.Secrets),
		events: make(chan soak.Event, 256),
		life:   ctx, quit: quit, done: make(chan struct{}),
	}
	in, err := t.first(watch)
	if err != nil {
		quit()
		return nil, err
	}
	t.rise(in)
	t.emit(soak.EventStart, in.leader.PID, "watching %s", command(in.leader.PID))
	go t.keep(watch, in)
	return t, nil
}

func (t *Target) first(ctx context.Context) (*instance, error) {
	switch {
	case len(t.plan.Embedded) > 0 || len(t.plan.Command) > 0:
		return t.launch(ctx)
	case t.plan.PID != 0 || t.plan.PIDFile != "" || t.plan.Listen != "":
		return t.attach(ctx)
	default:
		return nil, errors.New("no target: want a command, a pid, a pidfile, a listening address or the embedded server")
	}
}

// Process is the process to sample now; false while there is none.
func (t *Target) Process() (soak.Process, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.up {
		return soak.Process{}, false
	}
	h := t.now.hello
	return soak.Process{
		Role: soak.RoleTarget, PID: t.now.leader.PID, Start: t.now.leader.Start, Tree: t.plan.Tree,
		Pprof:   cmp.Or(t.plan.Pprof, h.Pprof),
		Vars:    cmp.Or(t.plan.Vars, h.Vars),
		Metrics: cmp.Or(t.plan.Metrics, h.Metrics),
		Keep:    t.plan.Series,
	}, true
}

// Events reports starts and exits, with the wall clock's time; At is for the
// reader to set. Up to 256 wait to be read, later ones are dropped. It is
// closed by Close.
func (t *Target) Events() <-chan soak.Event { return t.events }

// Hello is the hello of the embedded server, or zero.
func (t *Target) Hello() Hello {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now.hello
}

// Address is where the embedded server listens, or "".
func (t *Target) Address() string { return t.Hello().Address }

// Facts describe the target's program; they are read when it becomes ready.
func (t *Target) Facts() soak.Facts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.facts
}

// Close ends the supervision and stops the processes that the target started; a process that
// was attached to continues. Further calls return the same.
func (t *Target) Close(ctx context.Context) error {
	t.closing.Do(func() {
		t.quit()
		<-t.done
		t.closeErr = t.now.end(ctx)
		t.fall()
		close(t.events)
	})
	return t.closeErr
}

// rise makes an instance the sampled one.
func (t *Target) rise(in *instance) {
	facts := factsOf(in.serving, t.scrub)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now, t.up, t.facts = in, true, facts
}

func (t *Target) fall() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.up = false
}

func (t *Target) emit(kind soak.EventKind, value int, format string, args ...any) {
	t.send(soak.Event{Kind: kind, Value: soak.Float(value), Text: fmt.Sprintf(format, args...)})
}

// send completes an event of the target.
func (t *Target) send(e soak.Event) {
	e.Wall, e.Process, e.Text = time.Now(), soak.RoleTarget, t.scrub.Replace(e.Text)
	select {
	case t.events <- e:
	default:
	}
}
