package main

import (
	"container/list"
	"strconv"
)

const block = 1 << 10 // bytes, of one thing kept in memory

// most is the cap of the twins: reached after a minute and a quarter.
const most = 75

func init() {
	keepers["heap_slice"] = keepSlice
	keepers["heap_slice_twin"] = keepRing
	keepers["heap_map"] = keepMap
	keepers["heap_map_twin"] = keepLRU
	keepers["cache"] = cacheForGood
	keepers["cache_twin"] = cacheBounded
}

var slice [][]byte

func keepSlice(n int) {
	for range n {
		slice = append(slice, fill(make([]byte, block)))
	}
}

// ring overwrites what is old.
var ring struct {
	all  [most * 64][]byte
	next int
}

func keepRing(n int) {
	for range n {
		ring.all[ring.next%len(ring.all)] = fill(make([]byte, block))
		ring.next++
	}
}

var table = map[int]*[block]byte{}

func keepMap(n int) {
	for range n {
		v := new([block]byte)
		fill(v[:])
		table[len(table)] = v
	}
}

var lru = struct {
	by    map[int]*list.Element
	order *list.List
	next  int
}{map[int]*list.Element{}, list.New(), 0}

type entry struct {
	key   int
	value []byte
}

func keepLRU(n int) {
	for range n {
		lru.next++
		lru.by[lru.next] = lru.order.PushFront(entry{lru.next, fill(make([]byte, block))})
		if lru.order.Len() > most*64 {
			old := lru.order.Remove(lru.order.Back()).(entry)
			delete(lru.by, old.key)
		}
	}
}

// responses is a cache of what was answered, by the request.
var responses = map[string]string{}

func cacheForGood(n int) {
	for range n {
		responses["/page?id="+strconv.Itoa(len(responses))] = render()
	}
}

func render() string { return string(fill(make([]byte, block))) }

var bounded = map[string]string{}

func cacheBounded(n int) {
	for range n {
		if len(bounded) >= most*64 {
			for k := range bounded {
				delete(bounded, k)
				break
			}
		}
		seen++
		bounded["/page?id="+strconv.Itoa(seen)] = render()
	}
}

var seen int
