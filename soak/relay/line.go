package relay

import (
	"container/heap"
	"net"
	"net/netip"
	"sync"
	"time"
)

// line is a link with the queue of its delayed datagrams.
type line struct {
	*link
	wake chan struct{} // something is due earlier than before
	done chan struct{} // closed at the end
	gone sync.WaitGroup

	mu      sync.Mutex
	queue   queue
	waiting int // bytes
	seq     uint64
}

// parcel is a delayed datagram, or a train of datagrams.
type parcel struct {
	at      time.Time
	seq     uint64
	data    []byte
	segment int
	conn    *net.UDPConn
	to      netip.AddrPort
}

func newLine(l *link) *line {
	n := &line{link: l, wake: make(chan struct{}, 1), done: make(chan struct{})}
	if !l.immediate() {
		n.gone.Go(n.deliver)
	}
	return n
}

func (n *line) close() {
	close(n.done)
	n.gone.Wait()
}

// pass sends what arrives: a datagram, or a train of datagrams of segment bytes
// each. Each datagram of a train is delayed or lost individually, unless the conditions
// treat all alike.
// The caller may reuse data on return.
func (n *line) pass(data []byte, segment int, conn *net.UDPConn, to netip.AddrPort) {
	if n.uniform() {
		n.one(data, segment, conn, to)
		return
	}
	for len(data) > 0 {
		size := min(segment, len(data))
		n.one(data[:size], size, conn, to)
		data = data[size:]
	}
}

func (n *line) one(data []byte, segment int, conn *net.UDPConn, to netip.AddrPort) {
	now := time.Now()
	at, ok := n.link.pass(len(data), now)
	switch {
	case !ok:
	case n.immediate():
		send(conn, to, data, segment)
	default:
		n.put(parcel{at: at, data: data, segment: segment, conn: conn, to: to})
	}
}

// put queues a copy of a parcel, where there is room.
func (n *line) put(p parcel) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.waiting+len(p.data) > mostBytes {
		return
	}
	p.data = append([]byte(nil), p.data...)
	p.seq = n.seq
	n.seq++
	n.waiting += len(p.data)
	heap.Push(&n.queue, p)
	if n.queue[0].seq == p.seq {
		select {
		case n.wake <- struct{}{}:
		default:
		}
	}
}

// deliver sends each parcel when it is due.
func (n *line) deliver() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		p, wait := n.take(time.Now())
		if wait == 0 {
			send(p.conn, p.to, p.data, p.segment)
			continue
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-n.wake:
		case <-n.done:
			return
		}
	}
}

// take returns the first parcel where it is due, or the time until then.
func (n *line) take(now time.Time) (p parcel, wait time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.queue) == 0 {
		return p, time.Hour
	}
	if wait = n.queue[0].at.Sub(now); wait > 0 {
		return p, wait
	}
	p = heap.Pop(&n.queue).(parcel)
	n.waiting -= len(p.data)
	return p, 0
}

// queue is a heap by time, then by arrival.
type queue []parcel

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].seq < q[j].seq
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(parcel)) }
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = parcel{}
	*q = old[:len(old)-1]
	return last
}
