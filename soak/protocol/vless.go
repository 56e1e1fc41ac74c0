package protocol

import (
	"context"
	"fmt"
	"net"
	"slices"
	"time"

	"soakmon/soak"
	"soakmon/soak/protocol/vless"
)

// vlessInner is the beginning of a VLESS connection to the workload's
// destination, and the same of a user that no server knows.
func vlessInner(w soak.Workload, user vless.UUID) (right, wrong inner, err error) {
	q := vless.Request{User: user, Command: vless.TCP, Destination: w.Destination}
	if w.Network == "udp" {
		q.Command = vless.UDP
	}
	right = inner{reply: vless.ReadReply, secret: "uuid", form: vlessForm(w.Destination)}
	if right.request, err = q.Append(nil); err != nil {
		return right, wrong, err
	}
	wrong = right
	wrong.request = slices.Clone(right.request)
	wrong.request[1] ^= 0xff
	return right, wrong, nil
}

// handshakeTime is how long a client of a reference server may take until its
// request is there.
const handshakeTime = 10 * time.Second

// serveVLESS serves a VLESS connection within TLS, until it ends.
func (o *outbound) serveVLESS(ctx context.Context, conn net.Conn, user vless.UUID) {
	defer conn.Close()
	request, err := vless.ReadRequest(conn, func(u vless.UUID) bool { return u == user })
	if err != nil {
		return
	}
	_ = conn.SetDeadline(time.Time{})
	if request.Command == vless.UDP {
		o.relayDatagrams(&replying{Conn: conn, reply: vless.Reply}, vlessForm(request.Destination))
		return
	}
	destination, err := o.dial(ctx, request.Destination)
	if err != nil {
		_, _ = conn.Write(vless.Reply) // so that it is not taken for a wrong user
		return
	}
	o.relay(&replying{Conn: conn, reply: vless.Reply}, destination)
}

// replying is a connection whose first payload goes out behind a reply.
type replying struct {
	net.Conn
	reply []byte
}

func (r *replying) Write(p []byte) (int, error) {
	if r.reply == nil {
		return r.Conn.Write(p)
	}
	first := append(slices.Clip(r.reply), p...)
	n, err := r.Conn.Write(first)
	n = max(0, n-len(r.reply))
	r.reply = nil
	return n, err
}

// CloseWrite ends the sending side.
func (r *replying) CloseWrite() error {
	if !closeWrite(r.Conn) {
		return fmt.Errorf("a %T has no sending side to close", r.Conn)
	}
	return nil
}

// vlessForm is the form of datagrams, all to or from one address.
type vlessForm string

func (vlessForm) head(b []byte, _ string, size int) ([]byte, error) {
	return vless.AppendPacket(b, size)
}

func (f vlessForm) parse(b []byte) (address string, head, end int, err error) {
	head, end = vless.ParsePacket(b)
	return string(f), head, end, nil
}
