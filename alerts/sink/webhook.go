package sink

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/net/http/httpguts"

	"soakmon/soak"
	"soakmon/soak/options"
)

func init() { register("webhook", newWebhook) }

// webhookOptions are those of the webhook sink.
type webhookOptions struct {
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Timeout options.Duration  `json:"timeout"` // of one attempt; 10 s by default
}

// webhook posts each alert as JSON. The header Idempotency-Key is the same for
// every attempt at one alert (draft-ietf-httpapi-idempotency-key-header).
type webhook struct {
	url     string
	name    string // for errors: scheme and host, as all else may be secret
	headers map[string]string
	client  *http.Client
}

func newWebhook(o soak.Options, _ Env) (Sink, error) {
	set := webhookOptions{Timeout: options.Duration(10 * time.Second)}
	if err := options.Decode(o, &set); err != nil {
		return nil, err
	}
	u, err := url.Parse(set.URL)
	switch {
	case set.URL == "":
		return nil, options.Errorf(o, "url", "a webhook needs a URL")
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, options.Errorf(o, "url", "not an http or https URL: write it like https://127.0.0.1/alerts")
	case set.Timeout <= 0:
		return nil, options.Errorf(o, "timeout", "the timeout must be above 0")
	}
	for name, value := range set.Headers {
		if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return nil, options.Errorf(o, "headers."+name, "invalid header name or value")
		}
	}
	return &webhook{
		url: set.URL, name: u.Scheme + "://" + u.Host, headers: set.Headers,
		client: &http.Client{
			Timeout: time.Duration(set.Timeout),
			// Alerts are rare: an idle connection would be closed before the next one.
			Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true},
			// A redirect could send the headers, which may hold secrets, elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Send posts an alert: any 2xx is a success; 408, 429, 5xx and network errors
// are worth another attempt.
func (w *webhook) Send(ctx context.Context, a soak.Alert) (retry bool, err error) {
	body, err := json.Marshal(messageOf(a))
	if err != nil {
		return false, fmt.Errorf("alert %d: %w", a.ID, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return false, fmt.Errorf("webhook %s: cannot build a request for this URL", w.name)
	}
	for name, value := range w.headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", fmt.Sprintf("%s-%d", a.Run, a.ID))
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	answer, err := w.client.Do(req)
	if err != nil {
		return true, fmt.Errorf("webhook %s: %w", w.name, withoutURL(err))
	}
	defer answer.Body.Close()
	return w.judge(answer)
}

func (w *webhook) judge(answer *http.Response) (retry bool, err error) {
	code := answer.StatusCode
	if code >= 200 && code < 300 {
		return false, nil
	}
	err = fmt.Errorf("webhook %s: the receiver answered %d %s", w.name, code, http.StatusText(code))
	if code != http.StatusRequestTimeout && code != http.StatusTooManyRequests && code < 500 {
		return false, err
	}
	if wait := retryAfter(answer.Header.Get("Retry-After"), time.Now()); wait > 0 {
		err = &RetryAfter{Wait: wait, Err: err}
	}
	return true, err
}

// retryAfter reads seconds or a date (RFC 9110, 10.2.3); 0 where there is no wait.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// withoutURL unwraps an error of [http.Client], whose text contains the whole URL.
func withoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
