package plan

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"soakmon/soak"
)

// The defaults that depend on nothing else.
const (
	defaultDuration    = 2 * time.Minute
	defaultInterval    = time.Second
	defaultRate        = 200     // operations per second
	defaultPayload     = 4 << 10 // bytes
	defaultDatagram    = 1200    // bytes; with a tunnel's headers still below the minimum MTU of IPv6 (1280, RFC 8200)
	defaultMaxLoss     = 0.01
	defaultConcurrency = 200
	defaultPerSession  = 20
	defaultTimeout     = 10 * time.Second
	defaultReady       = time.Minute
	defaultMax         = 5 // restarts
	defaultBackoff     = time.Second
	defaultSeverity    = "warning"
	defaultOverlap     = soak.OverlapSkip
)

// Default is the run without a plan: two minutes of tcp at 200 operations of
// 4 KiB a second against the embedded server. The caller applies the flags of the
// command line and then calls [Complete].
func Default() soak.Plan {
	p := New()
	p.Name = "tcp"
	p.Duration = defaultDuration
	p.Interval = defaultInterval
	p.Target.Embedded = soak.Protocols{"tcp"}
	p.Load = []soak.Workload{defaultLoad("tcp")}
	return p
}

func defaultLoad(protocol string) soak.Workload {
	return soak.Workload{
		Name: protocol, Protocol: protocol, Rate: defaultRate,
		Concurrency: defaultConcurrency, PerSession: defaultPerSession, MaxLoss: Unset,
	}
}

// Complete fills in the defaults, some of which depend on the rest of the plan,
// and checks the result. It is idempotent. The error is [Errors], without lines:
// see [Source.Locate].
func Complete(p *soak.Plan) error {
	completeTimes(p)
	completeTarget(&p.Target)
	completeLoads(p)
	if p.Conditions != nil {
		completeConditions(p.Conditions)
	}
	completeRules(p.Rules)
	p.Name = cmp.Or(p.Name, defaultName(p))
	p.Overlap = cmp.Or(p.Overlap, defaultOverlap)
	return check(p)
}

func completeTimes(p *soak.Plan) {
	p.Duration = cmp.Or(p.Duration, defaultDuration)
	p.Interval = cmp.Or(p.Interval, defaultInterval)
	// At most a third: in a short run, ten seconds would leave nothing to judge.
	setDefault(&p.Warmup, min(clamp(p.Duration/6, 10*time.Second, 10*time.Minute), p.Duration/3))
	if p.Isolate {
		setDefault(&p.Rest.Every, 0)
	}
	setDefault(&p.Rest.Every, restEvery(p.Duration))
	setDefault(&p.Rest.For, 0)
	setDefault(&p.Rest.Settle, clamp(p.Duration/6, 15*time.Second, time.Minute))
	setDefault(&p.Profiles.Every, clamp(p.Duration/30, 10*time.Second, 10*time.Minute))
	if p.Profiles.Kinds == nil {
		p.Profiles.Kinds = []string{"heap", "goroutine"}
	}
}

// restEvery gives runs of ten minutes or more at least six samples at rest, since
// a trend of fewer has no useful confidence interval. Shorter runs keep their load.
func restEvery(duration time.Duration) time.Duration {
	if duration < 10*time.Minute {
		return 0
	}
	return min(duration/6, time.Hour)
}

func completeTarget(t *soak.Target) {
	t.Ready.Timeout = cmp.Or(t.Ready.Timeout, defaultReady)
	t.OnExit.Max = cmp.Or(t.OnExit.Max, defaultMax)
	t.OnExit.Backoff = cmp.Or(t.OnExit.Backoff, defaultBackoff)
}

// completeLoads adds a load for the embedded server if the plan has none, and
// sets the address of every load to the one on which the target listens.
func completeLoads(p *soak.Plan) {
	embedded := &p.Target.Embedded
	if len(p.Load) == 0 {
		for _, protocol := range *embedded {
			p.Load = append(p.Load, defaultLoad(protocol))
		}
	}
	taken := map[string]bool{}
	for i := range p.Load {
		taken[p.Load[i].Name] = true
	}
	for i := range p.Load {
		w := &p.Load[i]
		if len(*embedded) > 0 {
			w.Protocol = cmp.Or(w.Protocol, (*embedded)[0])
		}
		if w.Name == "" && w.Protocol != "" {
			w.Name = freeName(w.Protocol, taken)
		}
		if w.URL == "" {
			w.Address = cmp.Or(w.Address, p.Target.Listen, p.Target.Ready.Listen)
		}
		completeLoad(w, p.Duration)
		if len(p.Target.Embedded) > 0 && w.Address == "" && w.URL == "" && !slices.Contains(*embedded, w.Protocol) {
			*embedded = append(*embedded, w.Protocol) // serve the protocol of every load that has no address
		}
	}
}

func completeLoad(w *soak.Workload, duration time.Duration) {
	if w.Protocol == "udp" {
		w.Network = cmp.Or(w.Network, "udp") // its only network
	}
	w.Network = cmp.Or(w.Network, "tcp")
	if w.Network == "udp" {
		w.Payload = cmp.Or(w.Payload, defaultDatagram)
		setDefault(&w.MaxLoss, defaultMaxLoss)
	}
	w.Payload = cmp.Or(w.Payload, defaultPayload)
	setDefault(&w.MaxLoss, 0)
	w.Timeout = cmp.Or(w.Timeout, defaultTimeout)
	w.Concurrency = cmp.Or(w.Concurrency, sessions(w.Rate, w.Timeout))
	setDefault(&w.PerSession, defaultPerSession)
	if w.Vary.By > 0 && w.Vary.Every == 0 {
		w.Vary.Every = clamp(duration/20, 10*time.Second, 5*time.Minute)
	}
}

// sessions is the default concurrency: 200, or fewer if that many could never be
// busy at the same time. By Little's law (Operations Research 9(3), 1961) at most
// rate × timeout are.
func sessions(rate float64, timeout time.Duration) int {
	return int(clamp(math.Ceil(rate*timeout.Seconds()), 1, defaultConcurrency))
}

func completeRules(rules []soak.Rule) {
	taken := map[string]bool{}
	for i := range rules {
		taken[rules[i].Name] = true
	}
	for i := range rules {
		rule := &rules[i]
		rule.Process = cmp.Or(rule.Process, soak.RoleTarget)
		rule.Severity = cmp.Or(rule.Severity, defaultSeverity)
		if rule.Name == "" && rule.Metric != "" {
			rule.Name = freeName(rule.Metric, taken)
		}
	}
}

// freeName returns the first of name, name-2, name-3, … that is not taken.
func freeName(name string, taken map[string]bool) string {
	free := name
	for n := 2; taken[free]; n++ {
		free = fmt.Sprintf("%s-%d", name, n)
	}
	taken[free] = true
	return free
}

// defaultName is the file's name, or else the first protocol or the embedded
// server.
func defaultName(p *soak.Plan) string {
	if p.File != "" && p.File != stdin {
		base := filepath.Base(p.File)
		return cmp.Or(strings.TrimSuffix(base, filepath.Ext(base)), base)
	}
	if len(p.Load) > 0 && p.Load[0].Protocol != "" {
		return p.Load[0].Protocol
	}
	return cmp.Or(strings.Join(p.Target.Embedded, ","), "watch")
}

// setDefault sets a value that is [Unset].
func setDefault[T ~int | ~int64 | ~float64](v *T, value T) {
	if *v < 0 {
		*v = value
	}
}

func clamp[T cmp.Ordered](v, low, high T) T { return min(max(v, low), high) }
