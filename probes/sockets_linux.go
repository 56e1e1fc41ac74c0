package probes

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

func init() {
	metrics := []soak.Metric{
		countGauge("sockets", "TCP sockets by state. Those that no process holds, like time_wait, count where their local port is one that the process listens on."),
		countGauge("sockets_peer", "TCP connections by state and by the peer's address, or the local port where the process listens on it."),
		countGauge("udp_sockets", "UDP sockets."),
		countGauge("unix_sockets", "Unix sockets."),
		countGauge("other_sockets", "Sockets in no table of TCP, UDP and Unix: netlink, packet, and TCP sockets that are neither bound nor connected."),
	}
	register(spec{name: "sockets", class: slow, every: 5 * time.Second, weight: 0.3, metrics: metrics, open: func(e *env) Probe {
		if e.process.Role != soak.RoleTarget {
			return nil // the kernel's tables are dear, and our own sockets are judged as fds
		}
		s := &sockets{metrics: metrics, tree: e.tree, peers: newTally("sockets_peer", "peer")}
		for state := range procfs.TCPStates - 1 {
			s.names = append(s.names, soak.LabelName("sockets", "state", (state+1).String()))
		}
		return s
	}})
}

// sockets finds the socket inodes among the descriptors of the tree in the
// tables of the process's network namespace (proc_pid_net(5)).
type sockets struct {
	metrics []soak.Metric
	tree    *tree
	names   []string // of the series, by state less one
	owned   []uint64 // inodes, sorted
	peers   *tally
}

func (s *sockets) Metrics() []soak.Metric { return s.metrics }

func (s *sockets) Close() error { return nil }

func (s *sockets) Read(_ context.Context, p soak.Process) ([]soak.Sample, error) {
	s.owned = s.owned[:0]
	if err := s.tree.each(s.collect); err != nil {
		return nil, err
	}
	slices.Sort(s.owned)
	s.owned = slices.Compact(s.owned) // forked processes share sockets
	t := tables{owned: s.owned, peers: make(map[connection]int)}
	for _, table := range []struct {
		file string
		row  func([]byte)
	}{{"net/tcp", t.tcp}, {"net/tcp6", t.tcp}, {"net/udp", t.datagram}, {"net/udp6", t.datagram}, {"net/unix", t.local}} {
		if err := s.tree.root().Rows(table.file, table.row); err != nil {
			return nil, err
		}
	}
	return s.samples(p.Role, &t), nil
}

func (s *sockets) samples(role string, t *tables) []soak.Sample {
	states := t.states()
	var all []soak.Sample
	add := func(name string, n int) {
		all = append(all, soak.Sample{SeriesID: soak.SeriesOf(role, name), Value: float64(n)})
	}
	for i, name := range s.names {
		add(name, states[i+1])
	}
	s.peers.reset()
	for c, n := range t.peers {
		s.peers.add(c.words(t.listening), float64(n))
	}
	all = append(all, s.peers.samples(role)...)
	add("udp_sockets", t.udp)
	add("unix_sockets", t.unix)
	add("other_sockets", max(len(s.owned)-t.found, 0))
	return all
}

// collect adds the socket inodes among a process's descriptors.
func (s *sockets) collect(m *procfs.Process) error {
	var buf [64]byte
	return m.List("fd", func(dir *os.File, names []string) error {
		for _, name := range names {
			n, err := unix.Readlinkat(int(dir.Fd()), name, buf[:])
			if err == unix.ENOENT || err == unix.ESRCH {
				continue // closed meanwhile
			}
			if err != nil {
				return m.Explain("fd/"+name, err)
			}
			if digits, ok := bytes.CutPrefix(buf[:n], []byte("socket:[")); ok {
				if inode, ok := procfs.Number(digits); ok {
					s.owned = append(s.owned, inode)
				}
			}
		}
		return nil
	})
}

// tables counts rows of the kernel's socket tables that belong to owned.
type tables struct {
	owned     []uint64 // inodes, sorted
	found     int
	counts    [16]int // TCP sockets held, by state
	peers     map[connection]int
	udp, unix int
	listening map[uint16]bool // local ports
	unheld    []unheld
}

// connection is what TCP connections have in common.
type connection struct {
	state procfs.TCPState
	local uint16
	peer  netip.AddrPort
}

// words names the peer and the state: "10.0.0.7:443 established", or for
// connections that were accepted "clients of :8080 close_wait".
func (c connection) words(listening map[uint16]bool) string {
	if listening[c.local] {
		return fmt.Sprintf("clients of :%d %s", c.local, c.state)
	}
	return c.peer.String() + " " + c.state.String()
}

// unheld is a TCP socket that no process holds.
type unheld struct {
	port  uint16
	state procfs.TCPState
}

// states are the counts by state, with the sockets that no process holds.
func (t *tables) states() [16]int {
	counts := t.counts
	for _, u := range t.unheld {
		if t.listening[u.port] {
			counts[u.state]++
		}
	}
	return counts
}

func (t *tables) tcp(row []byte) {
	s, ok := procfs.ParseSocket(row)
	local := s.Local.Port()
	switch {
	case !ok: // the heading
	case s.Inode == 0:
		t.unheld = append(t.unheld, unheld{local, s.State})
	case t.holds(s.Inode):
		t.counts[s.State]++
		if s.State == procfs.Listen {
			if t.listening == nil {
				t.listening = make(map[uint16]bool)
			}
			t.listening[local] = true
			return
		}
		if t.listening[local] {
			s.Remote = netip.AddrPort{} // clients count together
		}
		t.peers[connection{s.State, local, s.Remote}]++
	}
}

func (t *tables) datagram(row []byte) {
	if s, ok := procfs.ParseSocket(row); ok && t.holds(s.Inode) {
		t.udp++
	}
}

func (t *tables) local(row []byte) {
	if inode, ok := procfs.ParseUnixInode(row); ok && t.holds(inode) {
		t.unix++
	}
}

func (t *tables) holds(inode uint64) bool {
	_, ok := slices.BinarySearch(t.owned, inode)
	if ok {
		t.found++
	}
	return ok
}
