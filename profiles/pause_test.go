package profiles

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestLongestPause_Since(t *testing.T) {
	var lengths, ends [256]int64
	for i := range 40 { // a ring that has not wrapped around: zeros to its end
		lengths[i], ends[i] = int64(1000-i), int64(i+1)*int64(time.Second)
	}
	page := fmt.Appendf(nil, "heap profile: 1: 2 [3: 4] @ heap/1048576\n\n# runtime.MemStats\n# PauseNs = %d\n# PauseEnd = %d\n# NumGC = 40\n", lengths, ends)
	for since, want := range map[int64]time.Duration{0: 1000, 30: 971, 40: 961, 41: 0} {
		if got := longestPause(page, time.Unix(since, 0)); got != want {
			t.Errorf("since %d s: %s, want %s", since, got, want)
		}
	}
	for _, bad := range []string{"", "\n# PauseNs = [1 2", "\n# PauseNs = [1 x]\n# PauseEnd = [9 9]", strings.ReplaceAll(string(page), "PauseEnd", "End"), "\n# PauseNs = [-1]\n# PauseEnd = [9]"} {
		if got := longestPause([]byte(bad), time.Unix(0, 0)); got != 0 {
			t.Errorf("%q: %s", bad, got)
		}
	}
}

// A real target reports the pause of the forced collection of a heap profile, and none
// without a collection.
func TestFetch_LongestPause(t *testing.T) {
	p := startChild(t)
	for _, gc := range []bool{true, false} {
		meta, _, err := Fetch(t.Context(), p, "heap", Options{GC: gc, Pause: true})
		if err != nil {
			t.Fatal(err)
		}
		if (meta.Pause > 0) != gc || meta.Pause > time.Minute {
			t.Errorf("collected %v: a pause of %s in %s", gc, meta.Pause, meta.Took)
		}
	}
}
