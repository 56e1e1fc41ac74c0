package probes

import (
	"cmp"
	"slices"
	"strconv"
)

const (
	mostRegions = 4096 // anonymous mappings of a tree that are followed; further ones are only counted
	alike       = 8    // this number of mappings of one size is reported as a separate kind
)

// region is an anonymous mapping with its resident bytes.
type region struct {
	from, to uint64
	rss      float64
	base     float64 // resident when it was first seen
}

// regions follows the anonymous mappings of one process from read to read. Which
// one is which is known by its address, which is never reported: an address means
// nothing to the reader, growth does. One that grows in size keeps a part
// of where it lay, at whichever end it grows.
type regions struct {
	last []region // of the read before, by address
	now  []region
}

func (r *regions) add(m mapping, rss float64) {
	if len(r.now) < mostRegions {
		r.now = append(r.now, region{m.from, m.to, rss, rss})
	}
}

// knows reports whether something of a mapping was followed in the read before.
func (r *regions) knows(m mapping) bool {
	i, _ := slices.BinarySearchFunc(r.last, m.from, func(x region, from uint64) int { return cmp.Compare(x.to, from+1) }) // the first that ends above
	return i < len(r.last) && r.last[i].from < m.to
}

// grown ends a read: the resident bytes by which mappings have grown since each
// was first seen.
func (r *regions) grown() (bytes float64) {
	slices.SortFunc(r.now, byAddress) // as the kernel lists them
	i := 0
	for k := range r.now {
		n := &r.now[k]
		for i < len(r.last) && r.last[i].to <= n.from {
			i++
		}
		base := 0.0
		found := false
		for ; i < len(r.last) && r.last[i].from < n.to; i++ {
			base, found = base+r.last[i].base, true // several have become one
		}
		if found {
			n.base = base
		}
		bytes += max(0, n.rss-n.base)
	}
	r.last, r.now = r.now, r.last[:0]
	return bytes
}

func byAddress(a, b region) int { return cmp.Compare(a.from, b.from) }

// sizes calls add for each size that many anonymous mappings have, with their
// number.
func sizes(all []region, add func(size string, n float64)) {
	count := map[uint64]int{}
	for _, r := range all {
		count[r.to-r.from]++
	}
	for size, n := range count {
		if n >= alike {
			add(strconv.FormatUint(size, 10), float64(n))
		}
	}
}
