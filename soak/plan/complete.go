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
	defaultDatagram    = 1200    // bytes; passes every path of IPv6 whole, a tunnel's header included
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
// 4 KiB a second against the embedded server. It wants [Complete], after the
// command line's flags.
func Default() soak.Plan {
	p := New()
	p.Name = "tcp"
	p.Duration = defaultDuration
	p.Interval = defaultInterval
	p.Target.Embedded = "tcp"
	p.Load = []soak.Workload{defaultLoad("tcp")}
	return p
}

func defaultLoad(protocol string) soak.Workload {
	return soak.Workload{
		Name: protocol, Protocol: protocol, Rate: defaultRate,
		Concurrency: defaultConcurrency, PerSession: defaultPerSession, MaxLoss: Unset,
	}
}

// Complete fills in what the plan leaves open, as far as it can be told from
// the rest of the plan, and checks the whole. It changes nothing the second
// time. The error is [Errors], without lines: see [Source.Locate].
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
	// A third where ten seconds of warm-up would leave nothing to judge.
	unset(&p.Warmup, min(clamp(p.Duration/6, 10*time.Second, 10*time.Minute), p.Duration/3))
	if p.Isolate {
		unset(&p.Rest.Every, 0)
	}
	unset(&p.Rest.Every, restEvery(p.Duration))
	unset(&p.Rest.For, 0)
	unset(&p.Rest.Settle, clamp(p.Duration/6, 15*time.Second, time.Minute))
	unset(&p.Profiles.Every, clamp(p.Duration/30, 10*time.Second, 10*time.Minute))
	if p.Profiles.Kinds == nil {
		p.Profiles.Kinds = []string{"heap", "goroutine"}
	}
}

// restEvery leaves short runs their load, and gives longer ones six or more
// readings at rest: fewer draw no line that is sure.
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

// completeLoads gives the embedded server a load where the plan has none, and
// every load the address that the target is known to listen on.
func completeLoads(p *soak.Plan) {
	embedded := strings.Split(p.Target.Embedded, ",")
	if p.Target.Embedded != "" && len(p.Load) == 0 {
		for _, protocol := range embedded {
			p.Load = append(p.Load, defaultLoad(protocol))
		}
	}
	taken := map[string]bool{}
	for i := range p.Load {
		taken[p.Load[i].Name] = true
	}
	for i := range p.Load {
		w := &p.Load[i]
		w.Protocol = cmp.Or(w.Protocol, embedded[0])
		if w.Name == "" && w.Protocol != "" {
			w.Name = freeName(w.Protocol, taken)
		}
		if w.URL == "" {
			w.Address = cmp.Or(w.Address, p.Target.Listen, p.Target.Ready.Listen)
		}
		completeLoad(w, p.Duration)
		if p.Target.Embedded != "" && w.Address == "" && w.URL == "" && !slices.Contains(embedded, w.Protocol) {
			embedded = append(embedded, w.Protocol) // what a load needs is served
		}
	}
	p.Target.Embedded = strings.Join(embedded, ",")
}

func completeLoad(w *soak.Workload, duration time.Duration) {
	if w.Protocol == "udp" {
		w.Network = cmp.Or(w.Network, "udp") // it has no other
	}
	w.Network = cmp.Or(w.Network, "tcp")
	if w.Network == "udp" {
		w.Payload = cmp.Or(w.Payload, defaultDatagram)
		unset(&w.MaxLoss, defaultMaxLoss)
	}
	w.Payload = cmp.Or(w.Payload, defaultPayload)
	unset(&w.MaxLoss, 0)
	w.Timeout = cmp.Or(w.Timeout, defaultTimeout)
	w.Concurrency = cmp.Or(w.Concurrency, sessions(w.Rate, w.Timeout))
	unset(&w.PerSession, defaultPerSession)
	if w.Vary.By > 0 && w.Vary.Every == 0 {
		w.Vary.Every = clamp(duration/20, 10*time.Second, 5*time.Minute)
	}
}

// sessions is 200, or fewer where so many could never be busy at once: by
// Little's law (Operations Research 9(3), 1961) at most rate × timeout are.
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

// freeName gives name, or else name-2, name-3, …
func freeName(name string, taken map[string]bool) string {
	free := name
	for n := 2; taken[free]; n++ {
		free = fmt.Sprintf("%s-%d", name, n)
	}
	taken[free] = true
	return free
}

// defaultName is the file's, or else what is loaded or watched.
func defaultName(p *soak.Plan) string {
	if p.File != "" && p.File != stdin {
		base := filepath.Base(p.File)
		return cmp.Or(strings.TrimSuffix(base, filepath.Ext(base)), base)
	}
	if len(p.Load) > 0 && p.Load[0].Protocol != "" {
		return p.Load[0].Protocol
	}
	return cmp.Or(p.Target.Embedded, "watch")
}

func unset[T ~int | ~int64 | ~float64](v *T, otherwise T) {
	if *v < 0 {
		*v = otherwise
	}
}

func clamp[T cmp.Ordered](v, low, high T) T { return min(max(v, low), high) }
