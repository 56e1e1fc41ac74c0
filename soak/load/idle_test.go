package load

import (
	"net"
	"testing"
	"time"

	"soakmon/soak"
)

// Each session is used every three seconds, and the server ends it before.
func TestEnded_IdleSession(t *testing.T) {
	for how, end := range map[string]func(*net.TCPConn){
		"closed": func(c *net.TCPConn) { c.Close() },
		"reset":  func(c *net.TCPConn) { _ = c.SetLinger(0); c.Close() },
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			address := listen(t, func(conn net.Conn) {
				buf := make([]byte, 100)
				for {
					n, err := conn.Read(buf)
					if err != nil {
						end(conn.(*net.TCPConn))
						return
					}
					_, _ = conn.Write(buf[:n])
					_ = conn.SetReadDeadline(time.Now().Add(1500 * time.Millisecond))
				}
			})
			d := drive(t, DriveOptions{Open: openTCP})
			d.start(100*time.Millisecond, overTCP(address, Echo, 100, 4, 12))
			d.until("operations", func(t soak.Tally) bool { return t.Loads[0].Operations >= 24 })
			if l := d.stop().Loads[0]; l.Failed > 0 || l.Sessions < 24 {
				t.Errorf("%d failed: %v; %d sessions for %d operations", l.Failed, l.Examples, l.Sessions, l.Operations)
			}
		})
	}
}

// Bytes that wait to be read and are not a goodbye are left to the operation.
func TestEnded_Goodbye(t *testing.T) {
	for _, c := range []struct {
		head [5]byte
		want bool
	}{
		{[5]byte{21, 3, 3, 0, 2}, true},
		{[5]byte{23, 3, 3, 0, 19}, true},
		{[5]byte{23, 3, 3, 0, 20}, false},
		{[5]byte{23, 3, 3, 1, 19}, false},
		{[5]byte{22, 3, 3, 0, 19}, false},
	} {
		if got := isAlert(c.head); got != c.want {
			t.Errorf("%v: %v", c.head, got)
		}
	}
	address := listen(t, func(conn net.Conn) { _, _ = conn.Write([]byte("unasked")) })
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if ended(conn) {
		t.Error("ended, and it only said something, or nothing yet")
	}
}
