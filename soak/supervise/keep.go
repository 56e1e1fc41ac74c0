package supervise

import (
	"context"
	"time"

	"soakmon/soak"
)

const (
	defaultBackoff = time.Second
	longestBackoff = time.Minute
)

// keep watches the target until ctx ends or it is finally dead.
func (t *Target) keep(ctx context.Context, in *instance) {
	defer close(t.done)
	for restarts := 0; in != nil; {
		exit, err := in.wait(ctx)
		if err != nil {
			return
		}
		if t.background(in, exit) {
			t.rise(in)
			continue
		}
		t.fall()
		t.emit(soak.EventExit, in.leader.PID, "the target, pid %d, exited: %s%s", in.leader.PID, exit, lastWords(in))
		in.end(ctx) // what it left behind would be in the way
		in = t.again(ctx, &restarts)
	}
}

func lastWords(in *instance) string {
	if in.child == nil {
		return ""
	}
	return in.tail.String()
}

// again restarts the target by its policy, or reports that it is finally dead and
// returns nil.
func (t *Target) again(ctx context.Context, restarts *int) *instance {
	policy := t.plan.OnExit
	if t.now.child == nil || !policy.Restart {
		t.emit(soak.EventCrash, 0, "the target exited; on_exit.restart is off")
		return nil
	}
	for *restarts < policy.Max {
		if !sleep(ctx, backoff(policy.Backoff, *restarts)) {
			return nil
		}
		*restarts++
		in, err := t.launch(ctx)
		if ctx.Err() != nil {
			if err == nil {
				in.end(ctx)
			}
			return nil
		}
		if err != nil {
			t.emit(soak.EventExit, 0, "restart %d of %d failed: %v", *restarts, policy.Max, err)
			continue
		}
		t.rise(in)
		t.emit(soak.EventRestart, in.leader.PID, "restart %d of %d: pid %d", *restarts, policy.Max, in.leader.PID)
		return in
	}
	t.emit(soak.EventCrash, 0, "crash loop: the target was restarted %d times and exited each time", policy.Max)
	return nil
}

// backoff is the time to wait before restart n, from 0.
func backoff(first time.Duration, n int) time.Duration {
	if first <= 0 {
		first = defaultBackoff
	}
	for ; n > 0 && first < longestBackoff; n-- {
		first *= 2
	}
	return min(first, longestBackoff)
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
