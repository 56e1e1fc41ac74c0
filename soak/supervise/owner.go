package supervise

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"soakmon/soak/procfs"
)

// holders are the processes that hold one of the sockets, oldest first; only
// those in among are looked at where it is not nil. The error is fs.ErrPermission
// where some could not be looked into.
func holders(socks []procfs.Socket, among []int) (out []procfs.Stat, err error) {
	links := procfs.Links(socks)
	if among == nil {
		if among, err = proc.PIDs(); err != nil {
			return nil, err
		}
	}
	for _, pid := range among {
		targets, denied := proc.DescriptorLinks(pid)
		if errors.Is(denied, fs.ErrPermission) {
			err = fs.ErrPermission
		}
		if !slices.ContainsFunc(targets, func(t string) bool { return links[t] }) {
			continue
		}
		if st, gone := proc.Stat(pid); gone == nil {
			out = append(out, st)
		}
	}
	slices.SortFunc(out, procfs.ByAge)
	return out, err
}

// servers are the processes that serve HOST:PORT. Where there is none, the error
// lists what listens on nearby ports, or says why the process cannot be seen.
func servers(ctx context.Context, hostport string) ([]procfs.Stat, error) {
	addrs, err := localAddrs(ctx, hostport)
	if err != nil {
		return nil, err
	}
	all, err := serving()
	if err != nil {
		return nil, err
	}
	socks := matching(all, addrs)
	if len(socks) == 0 {
		return nil, fmt.Errorf("nothing listens on %s; %s", hostport, nearby(all, addrs[0].Port()))
	}
	owners, err := holders(socks, nil)
	if len(owners) > 0 {
		return owners, nil
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("the process that listens on %s belongs to another user: run as root or as that user", hostport)
	}
	return nil, errors.Join(fmt.Errorf("a process that cannot be seen here listens on %s (another container, or the kernel)", hostport), err)
}

// Serves returns nil where the process or one of its descendants serves
// HOST:PORT, and otherwise an error that names the process that does. Only addresses of this
// machine can be checked; a bare :PORT is 127.0.0.1:PORT.
func Serves(pid int, hostport string) error {
	p, err := proc.Stat(pid)
	if err != nil {
		return fmt.Errorf("process %d does not exist", pid)
	}
	owners, err := servers(context.Background(), hostport)
	if err != nil {
		return fmt.Errorf("%s does not serve %s: %w", p, hostport, err)
	}
	t, err := readSnapshot()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(owners, func(o procfs.Stat) bool { return t.within(o.PID, pid) }) {
		return nil
	}
	root, err := commonRoot(owners, t, proc.Executable)
	if err != nil {
		return fmt.Errorf("%s does not serve %s: %w", p, hostport, err)
	}
	return fmt.Errorf("%s does not serve %s: pid %d does (%s); watch that one instead", p, hostport, root.PID, command(root.PID))
}

// rootOf chooses the process to follow among those that share a port: the
// common ancestor of all, where it holds the socket too or runs the same
// program. pid 1 counts only where nobody else has it (socket activation).
func commonRoot(owners []procfs.Stat, t snapshot, exe func(pid int) string) (procfs.Stat, error) {
	if len(owners) > 1 {
		owners = slices.DeleteFunc(slices.Clone(owners), func(p procfs.Stat) bool { return p.PID == 1 })
	}
	if len(owners) == 0 {
		return procfs.Stat{}, errGone
	}
	for _, a := range t.chain(owners[0].PID) {
		if slices.ContainsFunc(owners, func(o procfs.Stat) bool { return !t.within(o.PID, a.PID) }) {
			continue
		}
		same := func(o procfs.Stat) bool { return o.ID == a.ID || exe(o.PID) != "" && exe(o.PID) == exe(a.PID) }
		if slices.ContainsFunc(owners, same) {
			return a, nil
		}
		break
	}
	var who []string
	for _, o := range owners {
		who = append(who, o.String())
	}
	return procfs.Stat{}, fmt.Errorf("it is served by several processes without a common server process: %s; name one of them by its pid", strings.Join(who, ", "))
}
