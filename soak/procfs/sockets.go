package procfs

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
)

// TCPState is the state of a TCP socket (include/net/tcp_states.h).
type TCPState uint8

// Listen is the state of a TCP socket that accepts connections.
const Listen TCPState = 10

// tcpStates are the states by their number in the kernel.
var tcpStates = [...]string{1: "established", "syn_sent", "syn_recv", "fin_wait1", "fin_wait2",
	"time_wait", "close", "close_wait", "last_ack", "listen", "closing"}

// TCPStates is one more than the largest state that has a name; state 0 does not exist.
const TCPStates = TCPState(len(tcpStates))

// String is the name of a state in small letters, such as "close_wait".
func (s TCPState) String() string {
	if s == 0 || s >= TCPStates {
		return fmt.Sprintf("state %d", uint8(s))
	}
	return tcpStates[s]
}

// Socket is a TCP or UDP socket.
type Socket struct {
	Network       string // "tcp" or "udp", for both versions of IP; not set by [ParseSocket]
	Local, Remote netip.AddrPort
	State         TCPState
	Inode         uint64 // 0 where no process holds it
}

// Serves reports whether a socket listens (TCP), or is bound and not connected (UDP).
func (s Socket) Serves() bool {
	return s.Remote.Port() == 0 && (s.Network == "udp" || s.State == Listen)
}

// Sockets lists the TCP and UDP sockets of this process's network namespace. It
// skips a table that the kernel does not have (IPv6 may be off).
func (f FS) Sockets() ([]Socket, error) {
	var all []Socket
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		file, err := os.Open(filepath.Join(string(f), "net", table))
		if errors.Is(err, fs.ErrNotExist) && table[3:] == "6" {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list sockets: %w", err)
		}
		err = Rows(file, func(row []byte) {
			if s, ok := ParseSocket(row); ok {
				s.Network = table[:3]
				all = append(all, s)
			}
		})
		file.Close()
		if err != nil {
			return nil, fmt.Errorf("list sockets: %s: %w", table, err)
		}
	}
	return all, nil
}

// Rows calls f with each row of a table. The row is valid during the call only.
func Rows(r io.Reader, f func(row []byte)) error {
	scan := bufio.NewScanner(r)
	for scan.Scan() {
		f(scan.Bytes())
	}
	return scan.Err()
}

// ParseSocket parses a row of /proc/net/tcp, tcp6, udp or udp6
// (Documentation/networking/proc_net_tcp.rst). ok is false for the heading, and
// for a row that makes no sense. It allocates nothing.
func ParseSocket(row []byte) (s Socket, ok bool) {
	var state uint64
	var oks [4]bool
	s.Local, oks[0] = parseEndpoint(column(row, 1))
	s.Remote, oks[1] = parseEndpoint(column(row, 2))
	state, oks[2] = hexadecimal(column(row, 3))
	s.Inode, oks[3] = Number(column(row, 9))
	s.State = TCPState(state)
	return s, oks == [4]bool{true, true, true, true} && state <= 0xf
}

// ParseUnixInode returns the inode in a row of /proc/net/unix (proc_net_unix(5)).
func ParseUnixInode(row []byte) (inode uint64, ok bool) { return Number(column(row, 6)) }

// parseEndpoint parses ADDRESS:PORT in hexadecimal. The address is in 32-bit
// words of the host's byte order. An IPv4 address in IPv6 becomes plain IPv4.
func parseEndpoint(b []byte) (netip.AddrPort, bool) {
	host, digits, ok := bytes.Cut(b, []byte(":"))
	port, ok2 := hexadecimal(digits)
	if !ok || !ok2 || port > 0xffff {
		return netip.AddrPort{}, false
	}
	var ip [16]byte
	if len(host) != 8 && len(host) != 32 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(host); i += 8 {
		word, ok := hexadecimal(host[i : i+8])
		if !ok {
			return netip.AddrPort{}, false
		}
		binary.NativeEndian.PutUint32(ip[i/2:], uint32(word))
	}
	addr := netip.AddrFrom16(ip).Unmap()
	if len(host) == 8 {
		addr = netip.AddrFrom4([4]byte(ip[:4]))
	}
	return netip.AddrPortFrom(addr, uint16(port)), true
}

// hexadecimal parses 1 to 16 digits and nothing else.
func hexadecimal(b []byte) (n uint64, ok bool) {
	if len(b) == 0 || len(b) > 16 {
		return 0, false
	}
	for _, c := range b {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		default:
			return 0, false
		}
		n = n<<4 | uint64(c)
	}
	return n, true
}
