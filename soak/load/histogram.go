package load

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// recorder is a histogram of the present interval and a spare one, which change
// places at each tally: memory is fixed and recording never waits for encoding.
type recorder struct {
	mu          sync.Mutex
	live, spare *hdrhistogram.Histogram
}

// longest is the longest time a recorder tells apart; longer ones count as it.
const longest = 10 * time.Minute

func newRecorder() *recorder {
	histogram := func() *hdrhistogram.Histogram { return hdrhistogram.New(1, int64(longest), 3) }
	return &recorder{live: histogram(), spare: histogram()}
}

func (r *recorder) record(d time.Duration) {
	r.mu.Lock()
	// The only error is a value out of range, and it is in range.
	_ = r.live.RecordValue(int64(min(max(d, 1), longest)))
	r.mu.Unlock()
}

// flush encodes the interval (HDR V2 compressed, base64, nanoseconds) and
// begins a new one; "" where it is empty. One caller at a time.
func (r *recorder) flush() (string, error) {
	r.mu.Lock()
	r.live, r.spare = r.spare, r.live
	r.mu.Unlock()
	if r.spare.TotalCount() == 0 {
		return "", nil
	}
	encoded, err := r.spare.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	r.spare.Reset()
	return string(encoded), err
}
