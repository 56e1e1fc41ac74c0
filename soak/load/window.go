package load

import "time"

// mostUnderWay bounds the datagrams of one session in progress. remembered is the
// number of newest datagrams whose duplicate answers are recognized, a multiple of
// 64.
const (
	mostUnderWay = 1024
	remembered   = 4096
)

// Done is called with how an operation ended, as [Session.Do] returns it.
type Done func(sent, received int64, err error)

// datagram is one that was sent and has no answer yet.
type datagram struct {
	sentAt time.Time
	done   Done
}

// window is what a session knows of its datagrams, by sequence number. It has
// no clock and no lock.
type window struct {
	underWay map[uint64]datagram
	next     uint64                  // number of the next datagram
	oldest   uint64                  // none before it is under way
	expected uint64                  // one above the highest number that was answered
	answered [remembered / 64]uint64 // a bit for each of the newest numbers
}

func newWindow() window { return window{underWay: map[uint64]datagram{}} }

// arrival says what an answer is.
type arrival struct {
	fresh     bool // the first to a datagram that is under way
	duplicate bool // not the first
	overdue   bool // the first, to a datagram that counts as lost
	reordered bool // the first, and one to a later datagram came before it (RFC 4737, section 3)
}

func (w *window) send(d datagram) (seq uint64) {
	seq = w.next
	w.next++
	w.underWay[seq] = d
	w.mark(seq, false)
	return seq
}

// take ends what is under way under a number.
func (w *window) take(seq uint64) (d datagram, ok bool) {
	d, ok = w.underWay[seq]
	delete(w.underWay, seq)
	return d, ok
}

// answer takes the answer to datagram seq, which was sent.
func (w *window) answer(seq uint64) (datagram, arrival) {
	d, waited := w.take(seq)
	if !waited && (w.next-seq > remembered || w.marked(seq)) {
		return d, arrival{duplicate: true}
	}
	w.mark(seq, true)
	a := arrival{fresh: waited, overdue: !waited, reordered: seq < w.expected}
	w.expected = max(w.expected, seq+1)
	return d, a
}

// expire ends what was sent by a time, oldest first.
func (w *window) expire(by time.Time) (lost []datagram) {
	for ; w.oldest < w.next; w.oldest++ {
		d, ok := w.underWay[w.oldest]
		if ok && d.sentAt.After(by) {
			break
		}
		if ok {
			delete(w.underWay, w.oldest)
			lost = append(lost, d)
		}
	}
	return lost
}

// first is when the oldest datagram under way was sent. It follows an expire.
func (w *window) first() (sentAt time.Time, ok bool) {
	d, ok := w.underWay[w.oldest]
	return d.sentAt, ok
}

func (w *window) mark(seq uint64, answered bool) {
	bit := uint64(1) << (seq % 64)
	if answered {
		w.answered[seq%remembered/64] |= bit
	} else {
		w.answered[seq%remembered/64] &^= bit
	}
}

func (w *window) marked(seq uint64) bool { return w.answered[seq%remembered/64]&(1<<(seq%64)) != 0 }
