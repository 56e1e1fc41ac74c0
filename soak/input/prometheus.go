package input

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"time"

	"soakmon/soak"
	"soakmon/soak/fetch"
)

// A server returns at most 11,000 points per series and query
// (https://prometheus.io/docs/prometheus/latest/querying/api/), so longer ranges
// are requested in parts.
const pointsPerQuery = 10_000

var responseLimits = fetch.Limits{Time: time.Minute, Bytes: 256 << 20}

// Range is a range query to a Prometheus server.
type Range struct {
	URL   string // of the server, without /api
	Query string // PromQL
	From  time.Time
	To    time.Time
	Step  time.Duration // at least 1 ms, the resolution of Prometheus
}

// Prometheus reads every series that the query returns over the range, sorted by
// name; times are relative to the range's start. Steps without a value are
// skipped.
func Prometheus(ctx context.Context, r Range) (none Recording, err error) {
	if r.Step < time.Millisecond || !r.To.After(r.From) {
		return none, fmt.Errorf("invalid range from %s to %s in steps of %s: use an end after the start and a step of at least 1ms", r.From, r.To, r.Step)
	}
	r.From, r.Step = r.From.Truncate(time.Millisecond), r.Step.Truncate(time.Millisecond)
	found := map[string]*soak.Series{}
	for from := r.From; !from.After(r.To); from = from.Add(pointsPerQuery * r.Step) {
		part := r
		part.From = from
		if last := from.Add((pointsPerQuery - 1) * r.Step); last.Before(r.To) {
			part.To = last
		}
		if err := part.read(ctx, r.From, found); err != nil {
			return none, err
		}
	}
	if len(found) == 0 {
		return none, fmt.Errorf("query %s: no series found between %s and %s", r.Query, r.From.Format(time.RFC3339), r.To.Format(time.RFC3339))
	}
	out := Recording{Source: r.Query, Start: float64(r.From.UnixMilli()) / 1e3}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		out.Series = append(out.Series, *found[name])
	}
	return out, nil
}

// response is the response to a range query (Prometheus HTTP API v1, "matrix").
type response struct {
	Status string `json:"status"`
	Error  string `json:"error"`
	Data   struct {
		Type   string   `json:"resultType"`
		Result []matrix `json:"result"`
	} `json:"data"`
}

// matrix is one series of a response: pairs of Unix seconds and a text.
type matrix struct {
	Metric map[string]string    `json:"metric"`
	Values [][2]json.RawMessage `json:"values"`
}

// read requests one part of the range and appends its points to found.
func (r Range) read(ctx context.Context, start time.Time, found map[string]*soak.Series) error {
	a, err := r.fetch(ctx)
	if err != nil {
		return err
	}
	for _, one := range a.Data.Result {
		name := seriesName(one.Metric, r.Query)
		s, ok := found[name]
		if !ok {
			s = &soak.Series{ID: soak.SeriesID{Metric: name}, Metric: Describe(name)}
			found[name] = s
		}
		for _, v := range one.Values {
			at, value, err := parsePoint(v)
			if err != nil {
				return fmt.Errorf("series %s: %w", name, err)
			}
			since := at - float64(start.UnixMilli())/1e3
			s.At = append(s.At, time.Duration(math.Round(since*1e3))*time.Millisecond)
			s.Value = append(s.Value, value)
		}
	}
	return nil
}

func (r Range) fetch(ctx context.Context) (a response, err error) {
	request, err := r.request()
	if err != nil {
		return a, fmt.Errorf("query Prometheus: %w", err)
	}
	data, err := fetch.Get(ctx, request, responseLimits)
	var status *fetch.StatusError
	switch {
	case errors.As(err, &status) && json.Unmarshal([]byte(status.Text), &a) == nil && a.Error != "":
		return a, fmt.Errorf("Prometheus refused the query: %s", a.Error)
	case errors.Is(err, fetch.ErrTooLarge):
		return a, fmt.Errorf("query Prometheus: %w: narrow the query or use a larger step", err)
	case err != nil:
		return a, fmt.Errorf("query Prometheus: %w", err)
	}
	if err := json.Unmarshal(data, &a); err != nil {
		return a, fmt.Errorf("invalid response, is this a Prometheus server? %w", err)
	}
	if a.Status != "success" || a.Data.Type != "matrix" {
		return a, fmt.Errorf("invalid response with status %q and a result of type %q, is this a Prometheus server?", a.Status, a.Data.Type)
	}
	return a, nil
}

func (r Range) request() (string, error) {
	seconds := func(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1e3, 'f', 3, 64) }
	return fetch.Below(r.URL, "api/v1/query_range", url.Values{
		"query": {r.Query}, "start": {seconds(r.From)}, "end": {seconds(r.To)},
		"step": {strconv.FormatFloat(r.Step.Seconds(), 'f', -1, 64)},
	})
}

func parsePoint(v [2]json.RawMessage) (at, value float64, err error) {
	if err := json.Unmarshal(v[0], &at); err != nil {
		return 0, 0, fmt.Errorf("time %s: %w", v[0], err)
	}
	var text string
	if err := json.Unmarshal(v[1], &text); err != nil {
		return 0, 0, fmt.Errorf("value %s: %w", v[1], err)
	}
	value, err = strconv.ParseFloat(text, 64)
	return at, value, err
}

// seriesName writes a label set like Prometheus. A series without a name, such as
// the result of a function, is named after the query.
func seriesName(labels map[string]string, query string) string {
	var pairs []string
	for key, value := range labels {
		if key != "__name__" {
			pairs = append(pairs, key, value)
		}
	}
	return soak.LabelName(cmp.Or(labels["__name__"], query), pairs...)
}
