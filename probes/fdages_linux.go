package probes

import (
	"hash/maphash"
	"math"
	"slices"
	"time"

	"soakmon/soak/procfs"
)

// mostAged is the number of descriptors of a tree that are followed, at 16 bytes
// each.
const mostAged = 8 * mostClassified

// fdAges follows descriptors from read to read: one with the same number and the
// same link is the same. The link of a socket or a pipe holds its inode, that of a
// file its path; a descriptor without an inode, such as an epoll instance, is
// known by its kind. A descriptor older than the first read counts as that old.
type fdAges struct {
	seed  maphash.Seed
	began time.Time
	now   float64 // seconds since began, of this read
	kept  map[*procfs.Process]*aged
	next  map[*procfs.Process]*aged // of this read
	slots int                       // in next
	ages  map[string][]float64
}

// aged is what is known of the numbers of one process that are looked at.
type aged struct {
	step  int
	slots []slot
}

// slot is a descriptor; in the zero value there is none.
type slot struct {
	link  uint64  // its hash
	since float64 // seconds
}

func newFdAges() *fdAges {
	return &fdAges{seed: maphash.MakeSeed(), began: time.Now(), kept: map[*procfs.Process]*aged{}, ages: map[string][]float64{}}
}

func (a *fdAges) begin() {
	a.now, a.next, a.slots = time.Since(a.began).Seconds(), map[*procfs.Process]*aged{}, 0
	for kind := range a.ages {
		a.ages[kind] = a.ages[kind][:0]
	}
}

// of returns the slots to follow of a process, of whose table every step-th number
// is looked at; nil where that would be too many.
func (a *fdAges) of(m *procfs.Process, size, step int) *aged {
	n := (size + step - 1) / step
	if a.slots += n; a.slots > mostAged {
		return nil
	}
	old := a.kept[m]
	if old != nil && old.step == step && len(old.slots) == n {
		a.next[m] = old
		return old
	}
	now := &aged{step: step, slots: make([]slot, n)}
	if old != nil { // the table has grown
		for i := range now.slots {
			if fd := i * step; fd%old.step == 0 && fd/old.step < len(old.slots) {
				now.slots[i] = old.slots[fd/old.step]
			}
		}
	}
	a.next[m] = now
	return now
}

// close records that a slot's number is not open.
func (of *aged) close(i int) {
	if of != nil {
		of.slots[i] = slot{}
	}
}

// see records the descriptor of a slot.
func (a *fdAges) see(of *aged, i int, link []byte, kind string) {
	if of == nil {
		return
	}
	if hash := maphash.Bytes(a.seed, link) | 1; of.slots[i].link != hash {
		of.slots[i] = slot{hash, a.now}
	}
	a.ages[kind] = append(a.ages[kind], a.now-of.slots[i].since)
}

// end ends a read and puts the median and the largest age of each kind, in whole
// seconds, into the tallies.
func (a *fdAges) end(median, oldest *tally) {
	a.kept = a.next
	for kind, ages := range a.ages {
		if len(ages) > 0 {
			slices.Sort(ages)
			median.add(kind, math.Floor(ages[len(ages)/2]))
			oldest.add(kind, math.Floor(ages[len(ages)-1]))
		}
	}
}
