package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"os"
	"slices"
	"soakmon/soak"
	"time"
)

// maxEvent is the maximum size of one event of /live, in bytes.
const maxEvent = 4 << 20

// Client is a client of one run's monitor. It is safe for concurrent use.
type Client struct {
	http *http.Client
}

// Dial connects to the monitor of a run file. The error is [ErrNotRunning] if there
// is none.
func Dial(runFilePath string) (*Client, error) {
	dir, name := socketOf(runFilePath)
	dial := func(ctx context.Context) (net.Conn, error) {
		folder, err := os.Open(dir)
		if err != nil {
			return nil, err
		}
		defer folder.Close()
		return dialIn(ctx, folder, name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	conn, err := dial(ctx)
	switch {
	case err != nil && notListening(err):
		return nil, fmt.Errorf("%w (socket %s)", ErrNotRunning, name)
	case err != nil:
		return nil, fmt.Errorf("control socket %s in %s: %w", name, dir, err)
	}
	conn.Close()
	return &Client{&http.Client{Transport: &http.Transport{
		DialContext:           func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		ResponseHeaderTimeout: copyWait + writeTimeout,
		IdleConnTimeout:       time.Minute,
	}}}, nil
}

// Close closes idle connections.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// Status reads the state of the run.
func (c *Client) Status(ctx context.Context, into any) error {
	answer, err := c.send(ctx, http.MethodGet, "status")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return fmt.Errorf("status of the run: %w", err)
	}
	return nil
}

// Copy writes a consistent copy of the run file. After an error the copy is
// incomplete.
func (c *Client) Copy(ctx context.Context, w io.Writer) error {
	answer, err := c.send(ctx, http.MethodGet, "copy")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(w, answer.Body); err != nil {
		return fmt.Errorf("copy of the run: %w", err)
	}
	return nil
}

// Live yields the run's status at every change, as JSON, until ctx is done, the run
// ends, or an error occurs, which is the last element. A slice is valid until the
// next one.
func (c *Client) Live(ctx context.Context) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		answer, err := c.send(ctx, http.MethodGet, "live")
		if err != nil {
			yield(nil, err)
			return
		}
		defer answer.Body.Close()
		lines := bufio.NewScanner(answer.Body)
		lines.Buffer(nil, maxEvent)
		for lines.Scan() {
			if data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: ")); ok && !yield(data, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil && ctx.Err() == nil {
			yield(nil, fmt.Errorf("live status of the run: %w", err))
		}
	}
}

// Do gives the run an order, one of [soak.RemoteOrders].
func (c *Client) Do(ctx context.Context, o soak.Order) error {
	if !slices.Contains(soak.RemoteOrders, o) {
		return fmt.Errorf("unknown order %q: use one of %v", o, soak.RemoteOrders)
	}
	answer, err := c.send(ctx, http.MethodPost, string(o))
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// send makes a request and returns the response if its status is below 300.
func (c *Client) send(ctx context.Context, method, what string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://monitor/"+what, nil)
	if err != nil {
		return nil, err
	}
	answer, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("request to the run's monitor: %w", err)
	}
	if answer.StatusCode < 300 {
		return answer, nil
	}
	defer answer.Body.Close()
	var p problem
	if json.NewDecoder(io.LimitReader(answer.Body, 64<<10)).Decode(&p) != nil || p.Error == "" {
		p.Error = answer.Status
	}
	return nil, fmt.Errorf("the run's monitor refused %s: %s", what, p.Error)
}
