package runner

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"soakmon/soak/supervise"
)

// failures reports leaks that could not be planted: of each kind the first
// step, the tenth, the hundredth and so on.
type failures struct {
	log     io.Writer
	monitor *json.Encoder // nil where there is none

	mu    sync.Mutex
	steps map[string]int64
}

func (f *failures) add(kind string, why error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.steps[kind]++
	n := f.steps[kind]
	for m := n; m > 1; m /= 10 {
		if m%10 != 0 {
			return
		}
	}
	if f.monitor != nil {
		_ = f.monitor.Encode(supervise.Unplanted{Kind: kind, Steps: n, Why: why.Error()}) // without a monitor nobody reads it
		return
	}
	fmt.Fprintf(f.log, "%s: %d steps of the leak could not be planted: %v\n", kind, n, why)
}
