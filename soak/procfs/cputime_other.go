//go:build !linux

package procfs

import (
	"errors"
	"time"
)

// CPUTime is not known here.
func CPUTime(int) (time.Duration, error) { return 0, errors.ErrUnsupported }
