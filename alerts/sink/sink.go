// Package sink delivers alerts: one file per kind of sink, and [Pump], which
// takes them from the run's outbox.
//
// An alert in the outbox is delivered at least once and in order, even after a
// crash, and a sink that is slow or down never delays another. A receiver
// recognizes repetitions by the alert's run and id.
//
// Limits: an alert that a sink refuses permanently is dropped and reported as an
// event. One that cannot be delivered while the run lasts remains in the outbox
// and is reported as an event.
package sink

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"soakmon/soak"
	"soakmon/soak/options"
)

// Sink delivers one alert. Where err is not nil, retry reports whether another
// attempt may succeed. Send returns soon after ctx ends, and its errors hold no
// secrets.
type Sink interface {
	Send(ctx context.Context, a soak.Alert) (retry bool, err error)
}

// Env is what sinks may use of the process they run in.
type Env struct {
	Log *slog.Logger // for the log sink; nil is [slog.Default]
}

// open makes a sink from its options.
type open func(o soak.Options, env Env) (Sink, error)

var registry = map[string]open{}

func register(kind string, o open) {
	if _, taken := registry[kind]; taken {
		panic("duplicate sink type " + kind)
	}
	registry[kind] = o
}

// Names lists the kinds of sinks, sorted.
func Names() []string { return slices.Sorted(maps.Keys(registry)) }

// New makes the sink of a plan. Errors name the line in the plan's file.
func New(spec soak.SinkSpec, env Env) (Sink, error) {
	open, ok := registry[spec.Type]
	if !ok {
		return nil, options.Errorf(spec.Options, "", "unknown sink type %q: use %s", spec.Type, strings.Join(Names(), ", "))
	}
	return open(spec.Options, env)
}

// RetryAfter is an error with the time that the receiver asks to wait before
// the next attempt.
type RetryAfter struct {
	Wait time.Duration
	Err  error
}

// Error returns the reason and the wait.
func (e *RetryAfter) Error() string {
	return fmt.Sprintf("%v (try again in %s)", e.Err, e.Wait)
}

// Unwrap returns the reason.
func (e *RetryAfter) Unwrap() error { return e.Err }
