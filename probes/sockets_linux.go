package probes

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"soakmon/soak"
)

// tcpStates are the states by their number in the kernel (include/net/tcp_states.h).
var tcpStates = []string{1: "established", "syn_sent", "syn_recv", "fin_wait1", "fin_wait2",
	"time_wait", "close", "close_wait", "last_ack", "listen", "closing"}

const tcpListen = 10

func init() {
	gauge := func(name, help string) soak.Metric {
		return soak.Metric{Name: name, Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: help}
	}
	metrics := []soak.Metric{
		gauge("sockets", "TCP sockets by state. Those that no process holds any more, like time_wait, count where their local port is one that the process listens on."),
		gauge("sockets_peer", "TCP connections by state and by the peer's address, or the local port where the process listens on it."),
		gauge("udp_sockets", "UDP sockets."),
		gauge("unix_sockets", "Unix sockets."),
		gauge("other_sockets", "Sockets in no table of TCP, UDP and Unix: netlink, packet, and TCP sockets that are neither bound nor connected."),
	}
	register(spec{name: "sockets", class: slow, every: 5 * time.Second, weight: 0.3, metrics: metrics, open: func(e *env) Probe {
		if e.process.Role != soak.RoleTarget {
			return nil // the kernel's tables are dear, and our own sockets are judged as fds
		}
		s := &sockets{metrics: metrics, family: e.family, peers: newTally("sockets_peer", "peer")}
		for _, state := range tcpStates[1:] {
			s.names = append(s.names, labelled("sockets", "state", state))
		}
		return s
	}})
}

// sockets finds the socket inodes among the descriptors of the family in the
// tables of the process's network namespace (proc_pid_net(5)).
type sockets struct {
	metrics []soak.Metric
	family  *family
	names   []string // of the series, by state less one
	owned   []uint64 // inodes, sorted
	peers   *tally
}

func (s *sockets) Metrics() []soak.Metric { return s.metrics }

func (s *sockets) Close() error { return nil }

func (s *sockets) Read(_ context.Context, p soak.Process) ([]soak.Sample, error) {
	s.owned = s.owned[:0]
	if err := s.family.each(s.collect); err != nil {
		return nil, err
	}
	slices.Sort(s.owned)
	s.owned = slices.Compact(s.owned) // forked processes share sockets
	t := tables{owned: s.owned, peers: make(map[connection]int)}
	for _, table := range []struct {
		file string
		row  func([]byte)
	}{{"net/tcp", t.tcp}, {"net/tcp6", t.tcp}, {"net/udp", t.datagram}, {"net/udp6", t.datagram}, {"net/unix", t.local}} {
		if err := s.family.first().rows(table.file, table.row); err != nil {
			return nil, err
		}
	}
	return s.samples(p.Role, &t), nil
}

func (s *sockets) samples(role string, t *tables) []soak.Sample {
	states := t.states()
	var all []soak.Sample
	add := func(name string, n int) {
		all = append(all, soak.Sample{Process: role, Metric: name, Value: float64(n)})
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

// collect adds the socket inodes among a member's descriptors.
func (s *sockets) collect(m *member) error {
	var buf [64]byte
	return m.list("fd", func(dir *os.File, names []string) error {
		for _, name := range names {
			n, err := unix.Readlinkat(int(dir.Fd()), name, buf[:])
			if err == unix.ENOENT || err == unix.ESRCH {
				continue // closed meanwhile
			}
			if err != nil {
				return m.explain("fd/"+name, err)
			}
			if digits, ok := bytes.CutPrefix(buf[:n], []byte("socket:[")); ok {
				if inode, ok := number(digits); ok {
					s.owned = append(s.owned, inode)
				}
			}
		}
		return nil
	})
}

// rows calls f with each row of a table but its head. A table that the kernel
// does not have (IPv6 may be off) has no rows.
func (m *member) rows(file string, f func(row []byte)) error {
	table, err := m.dir.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return m.explain(file, err)
	}
	defer table.Close()
	scan := bufio.NewScanner(table)
	for scan.Scan() {
		f(scan.Bytes())
	}
	if err := scan.Err(); err != nil {
		return m.explain(file, err)
	}
	return nil
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
	state uint8
	local uint16
	peer  string // as the table has it
}

// words names the peer and the state: "10.0.0.7:443 established", or for
// connections that were accepted "clients of :8080 close_wait".
func (c connection) words(listening map[uint16]bool) string {
	if listening[c.local] {
		return fmt.Sprintf("clients of :%d %s", c.local, tcpStates[c.state])
	}
	return peerAddress(c.peer) + " " + tcpStates[c.state]
}

// peerAddress reads an address of the table: 32-bit words in the byte order of
// the machine, and the port (Documentation/networking/proc_net_tcp.rst).
func peerAddress(text string) string {
	digits, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(digits)
	n, err2 := strconv.ParseUint(port, 16, 16)
	if err != nil || err2 != nil || len(raw)%4 != 0 {
		return text
	}
	for word := range slices.Chunk(raw, 4) {
		binary.BigEndian.PutUint32(word, binary.NativeEndian.Uint32(word))
	}
	ip, ok := netip.AddrFromSlice(raw)
	if !ok {
		return text
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(n)).String()
}

// unheld is a TCP socket that no process holds.
type unheld struct {
	port  uint16
	state uint8
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
	inode, ok := number(column(row, 9))
	state, err := strconv.ParseUint(string(column(row, 3)), 16, 4)
	_, digits, _ := bytes.Cut(column(row, 1), []byte(":"))
	port, err2 := strconv.ParseUint(string(digits), 16, 16)
	if !ok || err != nil || err2 != nil {
		return // the head
	}
	switch {
	case inode == 0:
		t.unheld = append(t.unheld, unheld{uint16(port), uint8(state)})
	case t.holds(inode):
		t.counts[state]++
		if state == tcpListen {
			if t.listening == nil {
				t.listening = make(map[uint16]bool)
			}
			t.listening[uint16(port)] = true
			return
		}
		t.peers[connection{uint8(state), uint16(port), t.peer(row, port)}]++
	}
}

// peer is the peer's address; that of a client goes by the local port alone.
func (t *tables) peer(row []byte, local uint64) string {
	if t.listening[uint16(local)] {
		return ""
	}
	return string(column(row, 2))
}

func (t *tables) datagram(row []byte) {
	if inode, ok := number(column(row, 9)); ok && t.holds(inode) {
		t.udp++
	}
}

func (t *tables) local(row []byte) {
	if inode, ok := number(column(row, 6)); ok && t.holds(inode) {
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

// column is the nth word of a row, from 0; nil where there are fewer.
func column(row []byte, n int) []byte {
	for {
		row = bytes.TrimLeft(row, " ")
		end := bytes.IndexByte(row, ' ')
		if end < 0 {
			end = len(row)
		}
		if n == 0 {
			return row[:end]
		}
		n, row = n-1, row[end:]
		if len(row) == 0 {
			return nil
		}
	}
}
