package profiles

import (
	"bytes"
	"context"
	"net/url"
	"strconv"
	"time"

	"soakmon/soak/fetch"
)

// pauseLimits are small, because the pause is optional.
var pauseLimits = fetch.Limits{Time: 5 * time.Second, Bytes: 16 << 20}

// pauseOf asks a Go target for the longest stop-the-world pause of the garbage
// collections that ended since a time. The pauses of one collection are added. It is
// 0 if the target does not report them.
func pauseOf(ctx context.Context, pprof string, since time.Time) time.Duration {
	page, err := fetch.Below(pprof, "heap", url.Values{"debug": {"1"}})
	if err != nil {
		return 0
	}
	b, err := fetch.Get(ctx, page, pauseLimits)
	if err != nil {
		return 0
	}
	return longestPause(b, since)
}

// longestPause reads the rings of the newest 256 collections in the statistics
// that end a heap profile in text form (runtime.MemStats: PauseNs, PauseEnd).
func longestPause(page []byte, since time.Time) (longest time.Duration) {
	lengths, ends := ring(page, "\n# PauseNs = ["), ring(page, "\n# PauseEnd = [")
	for i := range min(len(lengths), len(ends)) {
		if ends[i] >= since.UnixNano() {
			longest = max(longest, time.Duration(lengths[i]))
		}
	}
	return longest
}

// ring reads the numbers after a mark, nil if one of them is malformed.
func ring(page []byte, mark string) (all []int64) {
	at := bytes.LastIndex(page, []byte(mark))
	if at < 0 {
		return nil
	}
	list, _, _ := bytes.Cut(page[at+len(mark):], []byte("]"))
	for word := range bytes.FieldsSeq(list) {
		n, err := strconv.ParseInt(string(word), 10, 64)
		if err != nil || n < 0 {
			return nil
		}
		all = append(all, n)
	}
	return all
}
