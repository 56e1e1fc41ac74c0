package supervise

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

// attach finds a running process by its pid, its pidfile or its port.
func (t *Target) attach(ctx context.Context) (*instance, error) {
	id, err := t.find(ctx)
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	h, err := openHandle(id)
	if errors.Is(err, errGone) {
		return nil, fmt.Errorf("target: process %d has just ended", id.PID)
	}
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	return &instance{handle: h, leader: id, serving: id, began: time.Now()}, nil
}

func (t *Target) find(ctx context.Context) (procfs.ID, error) {
	switch {
	case t.plan.PID != 0:
		return alive(t.plan.PID)
	case t.plan.PIDFile != "":
		b, err := os.ReadFile(t.plan.PIDFile)
		if err != nil {
			return procfs.ID{}, fmt.Errorf("pidfile: %w", err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
		if err != nil || pid <= 0 {
			return procfs.ID{}, fmt.Errorf("pidfile %s: invalid pid %.40q", t.plan.PIDFile, b)
		}
		id, err := alive(pid)
		if err != nil {
			return procfs.ID{}, fmt.Errorf("pidfile %s is stale: %w", t.plan.PIDFile, err)
		}
		return id, nil
	default:
		return t.listening(ctx)
	}
}

func alive(pid int) (procfs.ID, error) {
	p, err := proc.Stat(pid)
	switch {
	case err != nil:
		return procfs.ID{}, fmt.Errorf("there is no process %d", pid)
	case p.Ended():
		return procfs.ID{}, fmt.Errorf("%s has ended and is a zombie", p)
	}
	return p.ID, nil
}

// listening is the process that serves the plan's address. It emits a note where
// several share it.
func (t *Target) listening(ctx context.Context) (procfs.ID, error) {
	owners, err := servers(ctx, t.plan.Listen)
	if err != nil {
		return procfs.ID{}, err
	}
	all, err := readSnapshot()
	if err != nil {
		return procfs.ID{}, err
	}
	root, err := commonRoot(owners, all, proc.Executable)
	if err != nil {
		return procfs.ID{}, fmt.Errorf("%s: %w", t.plan.Listen, err)
	}
	if len(owners) > 1 {
		t.emit(soak.EventNote, root.PID, "%d processes share %s; following their common ancestor %s", len(owners), t.plan.Listen, root)
	}
	return root.ID, nil
}
