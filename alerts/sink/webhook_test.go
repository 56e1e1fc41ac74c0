package sink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
)

func TestWebhook_PostsJSON(t *testing.T) {
	re := receive(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
	s := openSink(t, "webhook", fmt.Sprintf(`{"url":%q,"headers":{"Authorization":"Bearer x"}}`, re.URL+"/hook?sig=1"))
	a := someAlert()
	a.Slope, a.Hi = soak.Float(math.NaN()), soak.Float(math.Inf(1))
	if retry, err := s.Send(t.Context(), a); err != nil || retry {
		t.Fatal(retry, err)
	}
	want := map[string]any{
		"id": 7.0, "run": a.Run, "rule": "fds", "severity": "critical", "state": "firing", "process": "target",
		"metric": "fds", "unit": "count", "since": "2026-03-01T02:00:00Z", "at": "2026-03-01T02:01:00Z",
		"slope_per_hour": nil, "slope_low": 7100.0, "slope_high": nil, "per_operation": 0.0, "min_detectable_per_hour": 0.0, "last": 1234.0, "reason": "rose 7,200/h",
		"text": "FIRING (critical): fds of the target in run 20260301T020000Z-nginx-ab12: rose 7,200/h; now 1,234",
	}
	if !reflect.DeepEqual(re.bodies[0], want) {
		t.Errorf("got  %v\nwant %v", re.bodies[0], want)
	}
	r := re.requests[0]
	if r.Method != "POST" || r.URL.String() != "/hook?sig=1" || r.Header.Get("Authorization") != "Bearer x" ||
		r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Idempotency-Key") != a.Run+"-7" {
		t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
	}
}

func TestWebhook_RetryByStatus(t *testing.T) {
	for code, want := range map[int]bool{400: false, 404: false, 301: false, 408: true, 429: true, 500: true, 503: true} {
		re := receive(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(code)
		})
		retry, err := openSink(t, "webhook", fmt.Sprintf(`{"url":%q}`, re.URL)).Send(t.Context(), someAlert())
		if err == nil || retry != want || !strings.Contains(err.Error(), fmt.Sprint(code)) || re.count() != 1 {
			t.Errorf("%d: retry %v, %v, %d requests", code, retry, err, re.count())
		}
	}
}

func TestWebhook_RetryAfter(t *testing.T) {
	re := receive(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	_, err := openSink(t, "webhook", fmt.Sprintf(`{"url":%q}`, re.URL)).Send(t.Context(), someAlert())
	var after *RetryAfter
	if !errors.As(err, &after) || after.Wait != 2*time.Minute {
		t.Error(err)
	}
	now := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "5": 5 * time.Second, "-5": 0, "soon": 0, "Sun, 01 Mar 2026 02:01:00 GMT": time.Minute, "Sun, 01 Mar 2026 01:00:00 GMT": 0,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestWebhook_HangingReceiver(t *testing.T) {
	release := make(chan struct{})
	re := receive(t, func(_ int, _ http.ResponseWriter, r *http.Request) { <-release })
	defer close(release)
	retry, err := openSink(t, "webhook", fmt.Sprintf(`{"url":%q,"timeout":"50ms"}`, re.URL)).Send(t.Context(), someAlert())
	if err == nil || !retry {
		t.Error(retry, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if retry, err := openSink(t, "webhook", fmt.Sprintf(`{"url":%q}`, re.URL)).Send(ctx, someAlert()); !errors.Is(err, context.Canceled) || !retry {
		t.Error(retry, err)
	}
}

func TestWebhook_ErrorsHoldNoSecret(t *testing.T) {
	re := receive(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		http.Error(w, r.URL.String(), http.StatusBadRequest)
	})
	closed := strings.Replace(re.URL, "http://", "http://user:hunter2@", 1) + "/hunter2?hunter2"
	options := fmt.Sprintf(`{"url":%q,"headers":{"Authorization":"hunter2"}}`, closed)
	_, refused := openSink(t, "webhook", options).Send(t.Context(), someAlert())
	re.Close()
	_, unreachable := openSink(t, "webhook", options).Send(t.Context(), someAlert())
	for _, err := range []error{refused, unreachable} {
		if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "127.0.0.1") {
			t.Error(err)
		}
	}
}

func TestNew_OptionErrorsNameLine(t *testing.T) {
	for _, c := range []struct{ kind, options, want string }{
		{"webhok", `{}`, `plan.yaml:3: options: unknown sink type "webhok": use log, webhook`},
		{"webhook", `{}`, "plan.yaml:5: options.url: a webhook needs a URL"},
		{"webhook", `{"url":"ftp://hunter2/"}`, "plan.yaml:5: options.url: not an http or https URL: write it like https://127.0.0.1/alerts"},
		{"webhook", `{"url":"http://x/","timeout":"0s"}`, "plan.yaml:3: options.timeout: the timeout must be above 0"},
		{"webhook", `{"url":"http://x/","headers":{"a b":"hunter2"}}`, "plan.yaml:3: options.headers.a b: invalid header name or value"},
		{"webhook", `{"url":"http://x/","retries":3}`, "plan.yaml:3: options.retries: unknown key: use headers, timeout, url"},
		{"log", `{"path":"x"}`, "plan.yaml:3: options.path: unknown key: use file"},
	} {
		o := soak.Options{JSON: json.RawMessage(c.options), File: "plan.yaml", Line: map[string]int{"": 3, "url": 5}}
		_, err := New(soak.SinkSpec{Type: c.kind, Options: o}, Env{})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s %s:\ngot  %v\nwant %s", c.kind, c.options, err, c.want)
		}
	}
}
