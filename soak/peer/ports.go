package peer

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports are taken from below the range that Linux gives to outgoing
// connections, 32768 to 60999, so that none of the load's own can take the
// server's.
const (
	firstPort = 20000
	lastPort  = 32000
)

// freePorts finds n addresses on loopback of which neither the TCP nor the UDP
// port is in use.
func freePorts(n int) ([]int, error) {
	var ports []int
	start := firstPort + rand.IntN(lastPort-firstPort)
	for i := range lastPort - firstPort {
		if len(ports) == n {
			return ports, nil
		}
		port := firstPort + (start+i)%(lastPort-firstPort)
		if free(port) {
			ports = append(ports, port)
		}
	}
	return nil, errors.New("there are no free ports on loopback")
}

func free(port int) bool {
	address := fmt.Sprintf("127.0.0.1:%d", port)
	tcp, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", address)
	if err != nil {
		return false
	}
	defer udp.Close()
	return true
}
