package judge

import (
	"math"

	"soakmon/soak"
)

// wholes names, for each series that counts a part of another one, the series of the
// whole: a socket in CLOSE_WAIT is a descriptor, and a child process has a thread that
// threads of the tree include. A zombie is in no other series: its threads have ended.
var wholes = map[string]string{
	`sockets{state="close_wait"}`: "fds",
	"children":                    "threads",
}

// noSign is the p value from which a series shows no sign of growth of its own.
const noSign = 0.05

// cover decides the parts that could not be decided by themselves, from their wholes.
// A part cannot grow for long by more than its whole does. So growth of a part above
// what the clean whole would have shown is excluded too, if the part itself shows
// no sign of growth. If the whole is not clean, or the part was never measured, as on
// a machine too busy for the slower probes, the verdict of the whole stands for both.
func cover(judged []Judged, p soak.Plan) {
	for i := range judged {
		part := &judged[i]
		whole := wholeOf(*part, judged, p)
		if whole == nil || part.Verdict.State != soak.Inconclusive || !part.quiet(whole.Verdict.MinDetectable) {
			continue
		}
		part.PartOf = whole.ID.Metric
		v := soak.Verdict{State: soak.NotJudged, Growth: soak.UnknownGrowth(), Level: part.Verdict.Level, P: part.Verdict.P, Evidence: whole.Verdict.Evidence,
			Reason: string(soak.NotJudged) + ": part of " + part.PartOf, Warnings: part.Verdict.Warnings}
		if whole.Verdict.State == soak.Clean && part.Points > 0 {
			v.State, v.Hi, v.MinDetectable = soak.Clean, whole.Verdict.Hi, whole.Verdict.MinDetectable
			v.Reason = "no growth beyond that of " + part.PartOf + ", which is clean and includes it"
		}
		part.Verdict = v
	}
}

// wholeOf finds the judged whole of a part. A rule asks for an answer of its own, so
// nothing covers its series.
func wholeOf(part Judged, judged []Judged, p soak.Plan) *Judged {
	name, ok := wholes[part.ID.Metric]
	if !ok || part.Rule != nil || name == "threads" && !p.Target.Tree {
		return nil
	}
	for i := range judged {
		if w := &judged[i]; w.ID == part.ID.With(name) {
			return w
		}
	}
	return nil
}

// quiet reports whether a series shows no sign of growth: the detector found none, and
// its readings, if there are any, rose by no more than growth at the given rate, per
// hour, would raise them.
func (j Judged) quiet(rate soak.Float) bool {
	if j.Points == 0 {
		return true
	}
	risen := (j.Last - j.first) / (j.to - j.from).Hours()
	return !(j.Verdict.P < noSign) && (j.Last <= j.first || risen <= float64(rate)) && !math.IsNaN(j.first)
}
