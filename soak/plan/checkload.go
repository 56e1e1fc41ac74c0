package plan

import (
	"fmt"
	"time"

	"soakmon/soak"
)

func (c *checker) loads(p *soak.Plan) {
	seen := map[string]bool{}
	for i := range p.Load {
		w, at := &p.Load[i], fmt.Sprintf("load[%d]", i)
		c.require(w.Name == "" || !seen[w.Name], at+".name", "duplicate name %q: give each load its own", w.Name)
		seen[w.Name] = true
		c.load(w, at)
		c.address(w, at, len(p.Target.Embedded) > 0)
		c.requireIfRead(!p.Isolate || w.Vary.By == 0, at+".vary", []string{"isolate"}, "a load cannot vary while loads run alone in turns: remove `vary` or `isolate`")
	}
	c.isolation(p)
}

// shortestTurn is the minimum time for which a load must run alone before its
// growth can be measured.
const shortestTurn = 8 * time.Second

func (c *checker) isolation(p *soak.Plan) {
	if !p.Isolate {
		return
	}
	c.requireIfRead(len(p.Load) > 1, "isolate", []string{"load"}, "isolate needs at least two loads: with one, `vary: 30%%` shows whether growth follows its operations or time")
	least := p.Warmup + time.Duration(2*len(p.Load))*shortestTurn
	c.requireIfRead(p.Duration >= least, "isolate", []string{"duration", "warmup", "load"},
		"%s is too short for %d loads to run alone twice, %s each time: use at least %s", formatDuration(p.Duration), len(p.Load), formatDuration(shortestTurn), formatDuration((least + time.Second - 1).Truncate(time.Second)))
	c.requireIfRead(!p.UntilDecided, "until_decided", []string{"isolate"}, "an isolated run needs all its turns: remove `until_decided` or `isolate`")
	c.requireIfRead(p.Rest.Every == 0, "rest.every", []string{"isolate"}, "a rest would shorten one load's turn: remove it, with `isolate` soak rests only before and after")
}

func (c *checker) load(w *soak.Workload, at string) {
	c.require(w.Protocol != "", at+".protocol", "missing protocol: use one that `soak protocols` lists")
	c.require(w.Rate > 0, at+".rate", "missing rate: use one such as `rate: 200` (operations per second)")
	c.require(w.Payload > 0 && w.Payload <= maxPayload, at+".payload", "%d bytes is out of range: use 1 B to 1 GiB", w.Payload)
	c.require(w.Concurrency > 0 && w.Concurrency <= maxSessions, at+".concurrency", "%d sessions is out of range: use 1 to %d", w.Concurrency, maxSessions)
	c.require(w.Timeout > 0, at+".timeout", "invalid timeout %s: use a duration above 0", w.Timeout)
	c.require(w.Vary.By >= 0 && w.Vary.By <= maxVary, at+".vary", "±%g%% is out of range: use at most ±%g%%", 100*w.Vary.By, 100*maxVary)
	c.requireIfRead(w.Vary.By > 0 || w.Vary.Every == 0, at+".vary", []string{at + ".vary.by"}, "`every` has no effect without `by`: add one such as `by: 30%%`")
	c.require(w.MaxLoss == 0 || w.Network == "udp", at+".max_loss", "max_loss needs `network: udp`: only datagrams may be lost")
	c.require(w.MaxLoss < 1, at+".max_loss", "max_loss must be below 100%%")
	sum := 0.0
	for _, share := range w.Dirty {
		sum += share
	}
	c.require(sum <= maxDirty, at+".dirty", "%.4g%% of the sessions would be dirty: use at most %g%% in total", 100*sum, 100*maxDirty)
}

// address checks that the load has somewhere to connect to.
func (c *checker) address(w *soak.Workload, at string, embedded bool) {
	where := []string{at + ".address", at + ".url"}
	c.requireIfRead(w.Address == "" || w.URL == "", at+".url", where, "address and url exclude each other: keep one")
	c.requireIfRead(embedded || w.Address != "" || w.URL != "", at, where, "missing address: give the load's address (HOST:PORT) or url")
	c.url(at+".url", w.URL)
}

func (c *checker) rules(rules []soak.Rule) {
	seen := map[string]bool{}
	for i, r := range rules {
		at := fmt.Sprintf("rules[%d]", i)
		c.require(r.Metric != "", at+".metric", "missing metric: use one such as fds or rss_bytes")
		c.require(r.MaxGrowth.Per != "", at+".max_growth", "missing max_growth: give the growth to allow, such as `max_growth: 1MiB/h`; 0 allows none")
		c.require(r.Name == "" || !seen[r.Name], at+".name", "duplicate name %q: give each rule its own", r.Name)
		seen[r.Name] = true
	}
}
