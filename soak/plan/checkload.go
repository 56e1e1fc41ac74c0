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
		c.that(w.Name == "" || !seen[w.Name], at+".name", "another load has the name %q; give each its own", w.Name)
		seen[w.Name] = true
		c.load(w, at)
		c.address(w, at, p.Target.Embedded != "")
		c.both(!p.Isolate || w.Vary.By == 0, at+".vary", []string{"isolate"}, "a load that runs alone in turns cannot vary as well; take this or `isolate` out")
	}
	c.isolation(p)
}

// shortestTurn is how long a load must run alone at the least, to grow.
const shortestTurn = 8 * time.Second

func (c *checker) isolation(p *soak.Plan) {
	if !p.Isolate {
		return
	}
	c.both(len(p.Load) > 1, "isolate", []string{"load"}, "one load is alone already; with `vary: 30%%` it shows whether growth goes with its operations or with time")
	least := p.Warmup + time.Duration(2*len(p.Load))*shortestTurn
	c.both(p.Duration >= least, "isolate", []string{"duration", "warmup", "load"},
		"%s is too short for %d loads to run alone twice, %s each time; at least %s", human(p.Duration), len(p.Load), human(shortestTurn), human((least + time.Second - 1).Truncate(time.Second)))
	c.both(p.Rest.Every == 0, "rest.every", []string{"isolate"}, "a rest would take from one load's turn; with `isolate` there are rests only before and after")
}

func (c *checker) load(w *soak.Workload, at string) {
	c.that(w.Protocol != "", at+".protocol", "a load needs a protocol; `soak protocols` lists them")
	c.that(w.Rate > 0, at+".rate", "a load needs a rate, such as `rate: 200` operations per second")
	c.that(w.Payload > 0 && w.Payload <= mostPayload, at+".payload", "%d bytes is out of bounds; 1 B to 1 GiB", w.Payload)
	c.that(w.Concurrency > 0 && w.Concurrency <= mostSessions, at+".concurrency", "%d sessions is out of bounds; 1 to %d", w.Concurrency, mostSessions)
	c.that(w.Timeout > 0, at+".timeout", "an operation needs a time-out above 0")
	c.that(w.Vary.By >= 0 && w.Vary.By <= mostVary, at+".vary", "±%g%% is out of bounds; at most ±%g%%", 100*w.Vary.By, 100*mostVary)
	c.both(w.Vary.By > 0 || w.Vary.Every == 0, at+".vary", []string{at + ".vary.by"}, "`every` has no effect without `by`, such as `by: 30%%`")
	c.that(w.MaxLoss == 0 || w.Network == "udp", at+".max_loss", "only datagrams may be lost; this belongs to `network: udp`")
	c.that(w.MaxLoss < 1, at+".max_loss", "nothing would have to come back; less than 100%%")
	sum := 0.0
	for _, share := range w.Dirty {
		sum += share
	}
	c.that(sum <= mostDirty, at+".dirty", "%.4g%% of the sessions would end badly; at most %g%% in all", 100*sum, 100*mostDirty)
}

// address tells whether the load knows where to go.
func (c *checker) address(w *soak.Workload, at string, embedded bool) {
	where := []string{at + ".address", at + ".url"}
	c.both(w.Address == "" || w.URL == "", at+".url", where, "address and url exclude each other; keep one")
	c.both(embedded || w.Address != "" || w.URL != "", at, where, "where does this load go? give its address (HOST:PORT) or url")
	c.url(at+".url", w.URL)
}

func (c *checker) rules(rules []soak.Rule) {
	seen := map[string]bool{}
	for i, r := range rules {
		at := fmt.Sprintf("rules[%d]", i)
		c.that(r.Metric != "", at+".metric", "a rule needs a metric, such as fds or rss_bytes")
		c.that(r.MaxGrowth.Per != "", at+".max_growth", "a rule needs the growth that it allows, such as `max_growth: 1MiB/h`; 0 allows none")
		c.that(r.Name == "" || !seen[r.Name], at+".name", "another rule has the name %q; give each its own", r.Name)
		seen[r.Name] = true
	}
}
