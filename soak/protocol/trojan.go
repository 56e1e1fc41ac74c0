package protocol

import (
	"context"
	"net"
	"time"

	"soakmon/soak"
	"soakmon/soak/protocol/trojan"
)

// trojanInner is the beginning of a Trojan connection to the workload's
// destination, and the same with a password that no server knows.
func trojanInner(w soak.Workload, password string) (right, wrong inner, err error) {
	q := trojan.Request{Key: trojan.NewKey(password), Command: trojan.TCP, Destination: w.Destination}
	if w.Network == "udp" {
		q.Command = trojan.UDP
	}
	right = inner{secret: "password", form: trojanForm{}}
	if right.request, err = q.Append(nil); err != nil {
		return right, wrong, err
	}
	wrong = right
	q.Key = trojan.NewKey(password + "?")
	wrong.request, err = q.Append(nil)
	return right, wrong, err
}

// serveTrojan serves a Trojan connection within TLS, until it ends.
func (o *outbound) serveTrojan(ctx context.Context, conn net.Conn, key trojan.Key) {
	defer conn.Close()
	request, err := trojan.ReadRequest(conn, func(k trojan.Key) bool { return k == key })
	if err != nil {
		return
	}
	_ = conn.SetDeadline(time.Time{})
	if request.Command == trojan.UDP {
		o.relayDatagrams(conn, trojanForm{})
		return
	}
	destination, err := o.dial(ctx, request.Destination)
	if err != nil {
		return // the protocol has no word for it
	}
	o.relay(conn, destination)
}

// trojanForm is the form of datagrams, each with its address.
type trojanForm struct{}

func (trojanForm) head(b []byte, address string, size int) ([]byte, error) {
	return trojan.AppendPacket(b, address, size)
}

func (trojanForm) parse(b []byte) (address string, head, end int, err error) {
	return trojan.ParsePacket(b)
}
