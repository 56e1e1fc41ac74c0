package store

import (
	"errors"
	"fmt"
	"runtime/debug"

	berrors "go.etcd.io/bbolt/errors"
)

// guard turns a panic or a memory fault in do into [ErrCorrupt]. bbolt reads its
// file through a memory map and panics on unexpected content, and reading a file
// that is truncated in the meantime causes a fault.
func guard(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrCorrupt, p)
		}
	}()
	return do()
}

// openError maps the errors of bbolt to those of this package.
func openError(path string, err error) error {
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		err = ErrInUse
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		err = fmt.Errorf("%w (bbolt: %v)", ErrNotRun, err)
	}
	return fmt.Errorf("store: open %s: %w", path, err)
}
