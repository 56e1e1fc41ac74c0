package load

import (
	"context"
	"fmt"
	"net"
	"time"
)

// PacketDirtyKinds are the kinds of dirty sessions that an [Opener] of [Packets]
// can run. Abort closes at once, so that the answer finds nobody.
var PacketDirtyKinds = []string{Silent, HalfOpen, Abort}

// Dirty implements [Dirtier].
func (p *packets) Dirty(ctx context.Context, kind string, hold time.Duration, release <-chan struct{}) error {
	if d, ok := p.dialer.(DirtyDialer); ok {
		if handled, err := d.Dirty(ctx, kind, hold, release); handled {
			return err
		}
	}
	conn, to, err := p.dialer.DialPacket(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	return p.runDirty(conn, to, kind, hold, release)
}

func (p *packets) runDirty(conn net.PacketConn, to net.Addr, kind string, hold time.Duration, release <-chan struct{}) error {
	if kind != HalfOpen && kind != Abort && kind != Silent {
		return fmt.Errorf("invalid dirty kind %q: use one of %q", kind, PacketDirtyKinds)
	}
	if kind != HalfOpen {
		out := make([]byte, p.Payload)
		(&packetSession{packets: p, id: p.sessions.Add(1)}).fill(out, 0)
		if _, err := conn.WriteTo(out, to); err != nil {
			return err
		}
	}
	if kind != Abort {
		Hold(hold, release)
	}
	return nil
}
