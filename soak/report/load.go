package report

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"soakmon/soak"
	"soakmon/soak/judge"
)

// Load is what one load did. Rates are operations per second over the phases under
// load. Latencies are measured from the time at which an operation was due.
type Load struct {
	Name       string            `json:"name"`
	Protocol   string            `json:"protocol"`
	Planned    float64           `json:"planned_rate"`
	Achieved   float64           `json:"achieved_rate"`
	Operations int64             `json:"operations"`
	Late       int64             `json:"late"`
	Failed     int64             `json:"failed"`
	Dirty      int64             `json:"dirty_sessions"`
	DirtyKinds map[string]int64  `json:"dirty_by_kind,omitempty"`
	Sessions   int64             `json:"sessions"`
	Errors     map[string]int64  `json:"errors"`
	Examples   map[string]string `json:"error_examples,omitempty"` // text of the latest error of each kind
	Bytes      int64             `json:"bytes"`                    // payload, in both directions
	Datagrams  *soak.Datagrams   `json:"datagrams,omitempty"`      // of a load over UDP only
	LossLimit  float64           `json:"loss_limit,omitempty"`     // maximum share of datagrams that may be lost
	Latency    Quantiles         `json:"latency_s"`
	Service    Quantiles         `json:"service_s"`
	Connect    Quantiles         `json:"connect_s"`

	under time.Duration // time under load
	due   float64       // operations that the plan asks for in that time
}

// Quantiles of a distribution in seconds, null if nothing was measured.
type Quantiles struct {
	P50 soak.Float `json:"p50"`
	P95 soak.Float `json:"p95"`
	P99 soak.Float `json:"p99"`
	Max soak.Float `json:"max"`
}

func (b *builder) load(r *Report) error {
	merged, err := b.histograms()
	if err != nil {
		return err
	}
	for _, w := range b.plan.Load {
		count := func(family string) int64 {
			return int64(b.last(soak.SeriesOf(soak.RoleDriver, soak.LabelName(family, "load", w.Name))))
		}
		l := Load{
			Name: w.Name, Protocol: w.Protocol, Planned: w.Rate,
			Operations: count("operations_total"), Late: count("late_operations_total"), Failed: count("failed_operations_total"),
			DirtyKinds: b.byKind("dirty_sessions_total", w.Name), Sessions: count("sessions_total"), Errors: b.byKind("errors_total", w.Name), Examples: b.examples(w.Name),
			Bytes:   count("sent_bytes_total") + count("received_bytes_total"),
			Latency: quantiles(merged[w.Name+" latency"]), Service: quantiles(merged[w.Name+" service"]), Connect: quantiles(merged[w.Name+" connect"]),
		}
		for _, n := range l.DirtyKinds {
			l.Dirty += n
		}
		if l.under, l.due = b.planned(w); l.under > 0 {
			l.Planned, l.Achieved = l.due/l.under.Seconds(), float64(l.Operations)/l.under.Seconds()
		}
		if w.Network == "udp" {
			l.Datagrams = &soak.Datagrams{
				Lost: count("lost_datagrams_total"), Reordered: count("reordered_datagrams_total"), Duplicated: count("duplicated_datagrams_total"),
				Overdue: count("overdue_datagrams_total"), Foreign: count("foreign_datagrams_total"),
			}
			l.LossLimit = lossLimit(w, b.plan.Conditions)
		}
		r.Load = append(r.Load, l)
	}
	return nil
}

// planned is the time under load and the number of operations that the plan asks
// for in it, steps of the rate included. It does not rely on the driver.
func (b *builder) planned(w soak.Workload) (under time.Duration, operations float64) {
	for _, p := range judge.Phases([]soak.Workload{w}, b.events, b.end) {
		if p.Name.Loading() {
			under += p.To - p.From
			operations += w.Rate * p.Rate * (p.To - p.From).Seconds()
		}
	}
	return under, operations
}

// byKind returns a load's counters of a family that has one per kind.
func (b *builder) byKind(family, load string) map[string]int64 {
	out := map[string]int64{}
	for _, n := range b.src.Names() {
		if n.Process == soak.RoleDriver && n.Family() == family && n.Label("load") == load {
			out[n.Label("kind")] = int64(b.last(n))
		}
	}
	return out
}

// examples returns the text of a load's latest error of each kind.
func (b *builder) examples(load string) map[string]string {
	out := map[string]string{}
	for _, e := range b.events {
		if e.Kind == soak.EventError && e.Load == load {
			out[e.Name] = e.Text
		}
	}
	return out
}

// histograms merges all stored histograms of each load and kind.
func (b *builder) histograms() (map[string]*hdrhistogram.Histogram, error) {
	all, err := b.src.Histograms()
	if err != nil {
		return nil, err
	}
	merged := map[string]*hdrhistogram.Histogram{}
	for _, h := range all {
		one, err := hdrhistogram.Decode([]byte(h.Data))
		if err != nil {
			return nil, fmt.Errorf("histogram of load %q at %s: %w", h.Load, h.From, err)
		}
		key := h.Load + " " + string(h.Kind)
		if merged[key] == nil {
			merged[key] = one
			continue
		}
		merged[key].Merge(one)
	}
	return merged, nil
}

func quantiles(h *hdrhistogram.Histogram) Quantiles {
	if h == nil || h.TotalCount() == 0 {
		return Quantiles{soak.Float(nan), soak.Float(nan), soak.Float(nan), soak.Float(nan)}
	}
	at := func(q float64) soak.Float { return soak.Float(time.Duration(h.ValueAtQuantile(q)).Seconds()) }
	return Quantiles{P50: at(50), P95: at(95), P99: at(99), Max: soak.Float(time.Duration(h.Max()).Seconds())}
}
