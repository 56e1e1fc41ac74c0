// Package fetch makes HTTP GET requests that cannot harm the caller: whatever the
// server does, a request is bounded in time from the first byte sent to the last
// byte read, and in size after decompression. Redirects to another host are
// refused. Errors show the URL without user name, password and query, because
// those may contain secrets.
//
// [Get] opens a connection and closes it, so that a rare fetch leaves no idle
// connection in the watched server. A [Client] keeps exactly one connection, so
// that a page read every second costs the server one descriptor and no handshakes.
package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ErrTooLarge is the error of a response longer than Limits.Bytes.
var ErrTooLarge = errors.New("response too large")

// ErrType is the error of a response with another content type than Limits.Type.
var ErrType = errors.New("unexpected content type")

// StatusError is a response with another status than 200.
type StatusError struct {
	URL  string // without user name, password and query
	Code int    // HTTP status
	Text string // first line of the body, truncated
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("get %s: status %d %s", e.URL, e.Code, http.StatusText(e.Code))
	if e.Text != "" {
		text += ": " + e.Text
	}
	return text
}

// Limits bound one fetch.
type Limits struct {
	Time  time.Duration // in total, including connecting; 0: only the context bounds it
	Bytes int64         // of the body, after decompression
	Type  string        // prefix of the expected content type; "" is any
}

// Client fetches over one persistent connection per host. It is safe for
// concurrent use; concurrent fetches from one host queue for the connection.
type Client struct{ http http.Client }

// NewClient returns a client without connections.
func NewClient() *Client { return newClient(false) }

func newClient(once bool) *Client {
	return &Client{http.Client{
		CheckRedirect: sameHost,
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DisableKeepAlives:      once,
			MaxConnsPerHost:        1,
			MaxIdleConnsPerHost:    1,
			MaxResponseHeaderBytes: 64 << 10,
		},
	}}
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Get fetches url over a new connection, which it closes.
func Get(ctx context.Context, url string, l Limits) ([]byte, error) {
	return newClient(true).Get(ctx, url, l)
}

// Get fetches url and returns the body of a response with status 200. The error is
// a [StatusError], or wraps [ErrTooLarge], [ErrType],
// [context.DeadlineExceeded] or the cause of a failed connection.
func (c *Client) Get(ctx context.Context, url string, l Limits) ([]byte, error) {
	if l.Time > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, l.Time)
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("get: invalid URL: %w", cause(err))
	}
	body, err := c.do(req, l)
	var status *StatusError
	switch {
	case err == nil:
		return body, nil
	case errors.As(err, &status):
		return nil, err
	case l.Time > 0 && errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("get %s: no complete response within %v: %w", Public(req.URL), l.Time, context.DeadlineExceeded)
	}
	return nil, fmt.Errorf("get %s: %w", Public(req.URL), cause(err))
}

func (c *Client) do(req *http.Request, l Limits) ([]byte, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, &StatusError{URL: Public(req.URL), Code: resp.StatusCode, Text: firstLine(resp.Body)}
	}
	if got := resp.Header.Get("Content-Type"); !typeIs(got, l.Type) {
		return nil, fmt.Errorf("%w %q, want %q", ErrType, got, l.Type)
	}
	var body bytes.Buffer
	n, err := body.ReadFrom(io.LimitReader(resp.Body, l.Bytes+1))
	if err != nil {
		return nil, err
	}
	if n > l.Bytes {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, l.Bytes)
	}
	return body.Bytes(), nil
}

// Public returns u as it may be shown: without user name, password, query and
// fragment.
func Public(u *url.URL) string {
	public := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return public.String()
}

// Below returns the URL of a page below base, which may or may not end in a slash.
// The query of base is kept, and query is added to it.
func Below(base, page string, query url.Values) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", fmt.Errorf("invalid URL: %w", cause(err))
	}
	u.Path = strings.TrimRight(u.Path, "/") + "/" + page
	all := u.Query()
	for key, values := range query {
		all[key] = values
	}
	u.RawQuery = all.Encode()
	return u.String(), nil
}

func sameHost(req *http.Request, via []*http.Request) error {
	if len(via) >= 5 {
		return errors.New("redirected more than 5 times")
	}
	if first := via[0].URL; req.URL.Host != first.Host || req.URL.Scheme != first.Scheme {
		return fmt.Errorf("redirected to another host: %s", Public(req.URL))
	}
	return nil
}

// cause removes the *url.Error, which repeats the URL with its query.
func cause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func typeIs(got, want string) bool {
	if want == "" {
		return true
	}
	got, _, err := mime.ParseMediaType(got)
	return err == nil && strings.HasPrefix(got, want)
}

func firstLine(r io.Reader) string {
	head, _ := io.ReadAll(io.LimitReader(r, 200))
	line, _, _ := strings.Cut(strings.TrimSpace(string(head)), "\n")
	return strings.ToValidUTF8(line, "�")
}
