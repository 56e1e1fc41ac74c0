package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"soakmon/soak"
	"soakmon/soak/load"
)

// Open makes the opener of a load; it sends nothing.
type Open func(soak.Workload) (load.Opener, error)

// Client is the whole client process: it reads orders from in, one at a time,
// and writes a reading of each to out. It returns when in is at its end.
func Client(ctx context.Context, in io.Reader, out io.Writer, open Open) error {
	c := client{open: open}
	defer c.release()
	orders, readings := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var o Order
		if err := orders.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read an order: %w", err)
		}
		if err := readings.Encode(c.obey(ctx, o)); err != nil {
			return fmt.Errorf("write a reading: %w", err)
		}
	}
}

type client struct {
	open Open
	held []load.Session
	done func() error // closes what the held sessions use
}

// obey does one order. What cannot even be begun is a failed operation.
func (c *client) obey(ctx context.Context, o Order) Reading {
	r := newRecord(o)
	switch o.Do {
	case Work:
		c.work(r)
		return r.reading()
	case Release:
		c.release()
		return r.reading()
	}
	opener, err := c.open(o.Load)
	if err != nil {
		r.fail(err, false)
		return r.reading()
	}
	switch o.Do {
	case Transfer:
		r.serial(ctx, opener)
	case Connect:
		r.crowd(ctx, opener, 1)
	case Crowd:
		r.crowd(ctx, opener, max(o.Workers, 1))
	case Hold:
		c.release()
		c.held, c.done = r.hold(ctx, opener), opener.Close
		return r.reading()
	default:
		r.fail(fmt.Errorf("unknown order %q", o.Do), false)
	}
	_ = opener.Close() // what was measured on it is verified already
	return r.reading()
}

func (c *client) release() {
	for _, s := range c.held {
		s.Close()
	}
	if c.done != nil {
		_ = c.done() // the measurement is already sent
	}
	c.held, c.done = nil, nil
}
