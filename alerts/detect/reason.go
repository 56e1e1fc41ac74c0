package detect

import (
	"fmt"
	"math"

	"soakmon/soak"
	"soakmon/soak/human"
)

// reason states in one sentence what was found.
func (c *inquiry) reason(v soak.Verdict, e *evidence, d decision, stated slopeTest) string {
	unit := c.q.Series.Metric.Unit
	rate := func(x float64) string { return human.Amount(x, unit) + "/h" }
	length := human.Roughly(duration(c.hours))
	switch v.State {
	case soak.Leaking:
		if h := e.load.habit; h != nil && d.figures == soak.EvidenceLoad {
			return fmt.Sprintf("%s, %s (%s%s)", h.rose(unit), rate(float64(v.Slope)), human.Confidence(rate(float64(v.Lo)), rate(float64(v.Hi))), c.spoke("; ", v.Evidence))
		}
		when := "throughout"
		switch l := e.load.lifetimes; {
		case v.Since > duration(c.pts[0].t):
			when = "from " + human.Roughly(v.Since) + " on"
		case len(l) == 1 && v.Evidence != soak.EvidenceRest && l[0].onset > c.pts[0].t:
			when += ", at this rate from " + human.Roughly(duration(l[0].onset)) + " on,"
		}
		return fmt.Sprintf("rose %s %s and did not level off (%s%s)", rate(float64(v.Slope)), when, human.Confidence(rate(float64(v.Lo)), rate(float64(v.Hi))), c.spoke("; ", v.Evidence))
	case soak.Clean:
		if v.Hi < 0 {
			return fmt.Sprintf("fell %s; growth is excluded", rate(float64(-v.Slope)))
		}
		found := "no growth in " + length
		switch a := &e.load.ascent; {
		case v.Evidence == soak.EvidenceRest:
		case a.allowed():
			found = a.within(unit)
		case a.found():
			found = a.ended(unit)
		case e.load.leveling.rise > e.room():
			found = e.load.leveling.leveled(unit)
		}
		return fmt.Sprintf("%s; %s%s", found, c.excluded(v, e, stated, rate), c.spoke("; ", v.Evidence))
	}
	switch {
	case d.early:
		return fmt.Sprintf("no growth in %s; too early to end a run of %s", length, human.Roughly(c.q.Planned))
	case e.load.tooth && v.Evidence == soak.EvidenceLoad && stated.p < suspicion:
		return fmt.Sprintf("rose %s, but in %s one tooth of a garbage collector's sawtooth may be all that was measured", rate(float64(v.Slope)), length)
	case e.load.young:
		return fmt.Sprintf("rose %s for %s so far; under load alone, growth counts once it has lasted a quarter of the planned %s", rate(float64(v.Slope)), human.Roughly(duration(c.end()-e.load.growthFrom())), human.Roughly(c.q.Planned))
	case e.early(float64(v.Slope)) && v.P < falseAlarms:
		return fmt.Sprintf("rose %s, but %s is too short to distinguish growth from warm-up", rate(float64(v.Slope)), length)
	case e.load.alternative != "":
		return fmt.Sprintf("rose %s, but %s; a longer run is needed", rate(float64(v.Slope)), e.load.alternative)
	case e.load.unsettled:
		return fmt.Sprintf("it is leveling off, with a time constant of %s, but it still rose %s at the end, and clean allows %s; %s", human.Roughly(duration(e.load.leveling.tau)), rate(e.load.rising), rate(e.room()/c.hours), decides(v.Needed))
	case v.P < suspicion, stated.known() && stated.trend.cdf(e.tolerance) < suspicion:
		return fmt.Sprintf("possible growth of %s (%s); %s", rate(float64(v.Slope)), human.Confidence(rate(float64(v.Lo)), rate(float64(v.Hi))), decides(v.Needed))
	case d.ambiguity == mayGoOn, d.ambiguity == "" && e.load.ascent.continues() && v.Evidence == soak.EvidenceLoad:
		return e.load.ascent.unended(unit)
	case d.ambiguity != "":
		return string(d.ambiguity) + "; a longer run is needed"
	case e.tolerance > 0:
		return fmt.Sprintf("too noisy or too short: over %s, growth of up to %s cannot be excluded, and %s is tolerated; %s", length, rate(stated.upper), rate(e.tolerance), decides(v.Needed))
	}
	return fmt.Sprintf("too noisy or too short: over %s, growth of up to %s cannot be excluded, and clean allows %s; %s", length, rate(stated.most), rate(e.cleanRoom/c.hours), decides(v.Needed))
}

// leveled states a rise that ended in an approach to a level.
func (l *leveling) leveled(unit string) string {
	return fmt.Sprintf("leveled off after a rise by %s, with a time constant of %s", human.Amount(l.rise, unit), human.Roughly(duration(l.tau)))
}

// excluded states the figure on which clean rests, and how much growth would have
// been called a leak.
func (c *inquiry) excluded(v soak.Verdict, e *evidence, stated slopeTest, rate func(float64) string) string {
	leak := rate(float64(v.MinDetectable)) + " or more would have been called a leak"
	if math.IsNaN(float64(v.MinDetectable)) {
		leak = "in such noise no growth that was tried is called a leak"
	}
	switch {
	case e.rest.unchanged && v.Evidence != soak.EvidenceLoad:
		return leak
	case v.Evidence != soak.EvidenceRest && e.load.ascent.allowed():
		return fmt.Sprintf("at most %s; %s", rate(float64(v.Hi)), leak)
	case e.tolerance > 0:
		return fmt.Sprintf("at most %s (95 %% confidence), %s tolerated; %s", rate(max(0, stated.upper)), rate(e.tolerance), leak)
	}
	return fmt.Sprintf("at most %s (99 %% confidence); %s", rate(max(0, stated.most)), leak)
}

// spoke names the line of evidence. A recording without phases and readings at
// rest has only one.
func (c *inquiry) spoke(join string, evidence soak.Evidence) string {
	if len(c.q.Phases) == 0 && len(c.q.Rest) == 0 {
		return ""
	}
	switch evidence {
	case soak.EvidenceRest:
		return join + "shown at rest"
	case soak.EvidenceBoth:
		return join + "shown under load and at rest"
	}
	return join + "shown under load"
}

// ofLoad names the part of the samples that is judged.
func (c *inquiry) ofLoad() string {
	if len(c.q.Phases) == 0 {
		return ""
	}
	return " under steady load"
}

func (c *inquiry) tooFew(points int) string {
	return fmt.Sprintf("too few samples%s: %d, at least %d are needed", c.ofLoad(), points, leastPoints)
}
