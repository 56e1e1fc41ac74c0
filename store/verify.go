package store

import (
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// Verify reads everything in a run's file and returns the problems that it finds.
// Damage is a problem, not an error; the error is that of [Open] if the file is not
// a run file or cannot be opened.
func Verify(path string) ([]string, error) {
	r, err := Open(path)
	if errors.Is(err, ErrCorrupt) {
		return []string{err.Error()}, nil
	}
	if err != nil {
		return nil, err
	}
	var p problems
	p.add(r.checkPages(&p))
	p.add(r.checkChunks(&p))
	_, err = r.Events()
	p.add(err)
	_, err = r.Histograms()
	p.add(err)
	_, err = r.Alerts()
	p.add(err)
	p.add(r.checkProfiles(&p))
	return p, r.Close()
}

type problems []string

func (p *problems) add(err error) {
	if err != nil {
		*p = append(*p, err.Error())
	}
}

// checkPages runs bbolt's own check.
func (r *Reader) checkPages(p *problems) error {
	return r.view(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			p.add(err)
		}
		return nil
	})
}

// checkChunks decodes every column and checks that times do not decrease.
func (r *Reader) checkChunks(p *problems) error {
	all, err := r.chunks()
	before := time.Duration(0)
	for _, at := range all {
		p.add(r.chunk(at, func(c chunk) error {
			for _, s := range c.stamps {
				if s.At() < before {
					return fmt.Errorf("invalid order of rows: %v after %v", s.At(), before)
				}
				before = s.At()
			}
			_, err := r.rowsOf(c)
			return err
		}))
	}
	return err
}

// checkProfiles compares the size of every profile with its metadata.
func (r *Reader) checkProfiles(p *problems) error {
	all, err := r.Profiles()
	for _, m := range all {
		data, err := r.Profile(m.ID)
		if err == nil && len(data) != m.Size {
			err = fmt.Errorf("profile %d has %d bytes instead of %d", m.ID, len(data), m.Size)
		}
		p.add(err)
	}
	return err
}
