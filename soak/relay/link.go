package relay

import (
	"math/rand/v2"
	"sync"
	"time"

	"soakmon/soak"
)

// queueTime bounds how long bytes wait for the transmitter of a link with a
// rate: a router's queue, of 100 ms (Villamizar, Song, ACM CCR 24(5), 1994).
const queueTime = 100 * time.Millisecond

// link is one direction of a relay. It reads no clock.
type link struct {
	c soak.Conditions

	mu     sync.Mutex
	chance *rand.Rand
	free   time.Time // when the transmitter is free again
}

func newLink(c soak.Conditions, seed, direction uint64) *link {
	return &link{c: c, chance: rand.New(rand.NewPCG(seed, direction))}
}

// pass takes n bytes at a time and says when they arrive at the other end; ok is
// false where they are lost.
func (l *link) pass(n int, now time.Time) (at time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.happens(l.c.Loss) || l.backlog(now) > queueTime {
		return now, false
	}
	at = l.transmit(n, now)
	if l.happens(l.c.Reorder) {
		return at, true // past all that is delayed
	}
	return at.Add(l.delay()), true
}

// passStream is pass for bytes that are neither lost nor reordered: the bytes
// before them arrive at last.
func (l *link) passStream(n int, now, last time.Time) (at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at = l.transmit(n, now).Add(l.delay())
	if at.Before(last) {
		return last
	}
	return at
}

// wait is how long to pause reading a stream, so that the queue stays short.
func (l *link) wait(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.backlog(now) - queueTime
}

func (l *link) backlog(now time.Time) time.Duration { return max(l.free.Sub(now), 0) }

func (l *link) transmit(n int, now time.Time) time.Time {
	if l.c.Rate <= 0 {
		return now
	}
	if l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(float64(n) / l.c.Rate * float64(time.Second)))
	return l.free
}

// lag is how long a segment without payload is on its way.
func (l *link) lag() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.delay()
}

// delay is uniform around the one that is asked for, and never negative.
func (l *link) delay() time.Duration {
	d := l.c.Delay
	if l.c.Jitter > 0 {
		d += time.Duration((2*l.chance.Float64() - 1) * float64(l.c.Jitter))
	}
	return max(d, 0)
}

func (l *link) happens(share float64) bool { return share > 0 && l.chance.Float64() < share }

// immediate reports whether everything that is not lost passes at once.
func (l *link) immediate() bool { return l.c.Delay <= 0 && l.c.Jitter <= 0 && l.c.Rate <= 0 }

// uniform reports whether datagrams that come together stay together.
func (l *link) uniform() bool {
	return l.c.Loss <= 0 && l.c.Jitter <= 0 && l.c.Rate <= 0 && l.c.Reorder <= 0
}
