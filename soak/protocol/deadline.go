package protocol

import (
	"sync"
	"time"
)

// deadline is that of a net.PacketConn without a socket: a channel that is
// closed when it has passed. The zero value has none.
type deadline struct {
	mu     sync.Mutex
	timer  *time.Timer
	passed chan struct{}
}

// wait gives the channel.
func (d *deadline) wait() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.channel()
}

// channel gives one that may be waited on already. mu is held.
func (d *deadline) channel() chan struct{} {
	if d.passed == nil {
		d.passed = make(chan struct{})
	}
	return d.passed
}

// set sets it; the zero time removes it. Goroutines that already wait see the change.
func (d *deadline) set(at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil && !d.timer.Stop() {
		<-d.channel() // it is being closed
	}
	d.timer = nil
	select {
	case <-d.channel():
		d.passed = make(chan struct{})
	default:
	}
	passed := d.passed
	if left := time.Until(at); at.IsZero() {
		return
	} else if left > 0 {
		d.timer = time.AfterFunc(left, func() { close(passed) })
	} else {
		close(passed)
	}
}
