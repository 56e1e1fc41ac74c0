package judge

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
)

// Why says in a few words why the verdict on a series is what it is. It uses the
// figures of the verdict; [soak.Verdict].Reason is the long form.
func (j Judged) Why() string {
	v := j.Verdict
	switch {
	case v.State == soak.Clean && j.PartOf != "":
		return "covered by " + j.PartOf
	case v.State == soak.Clean:
		return j.whyClean()
	case v.State == soak.Leaking:
		return j.whyLeak()
	}
	why := firstClause(strings.TrimPrefix(v.Reason, string(soak.NotJudged)+": "))
	if v.Needed > 0 {
		why += "; needs about " + human.Roughly(v.Needed)
	}
	return why
}

// firstClause is the beginning of a reason, without figures in parentheses: the row has
// those of its own.
func firstClause(reason string) string {
	reason = parenthesized.ReplaceAllString(reason, "")
	for _, end := range []string{"; ", ": ", ", and "} {
		reason, _, _ = strings.Cut(reason, end)
	}
	return reason
}

var parenthesized = regexp.MustCompile(` \([^()]*\)`)

// whyClean names the line of evidence, and what it excluded growth with.
func (j Judged) whyClean() string {
	v := j.Verdict
	rate := func(x soak.Float) string { return human.Amount(x, j.Metric.Unit) + "/h" }
	atRest := fmt.Sprintf("at rest: %s", human.Count(len(j.Rest), "reading"))
	switch {
	case v.Hi < 0:
		return "falls" + onEvidence(v.Evidence)
	case len(v.Steps) > 0 && v.Evidence != soak.EvidenceRest:
		return fmt.Sprintf("rose in %s, flat since +%s", human.Count(len(v.Steps), "step"), human.Roughly(v.Steps[len(v.Steps)-1].At))
	case v.Evidence == soak.EvidenceRest && j.equalAtRest():
		return atRest + ", all equal"
	case j.Tolerance > 0:
		return fmt.Sprintf("at most %s, %s tolerated", rate(max(0, v.Hi)), rate(soak.Float(j.Tolerance)))
	case v.Evidence == soak.EvidenceRest:
		return atRest + " show no growth"
	case v.Slope == 0 && v.Lo == v.Hi:
		return "constant"
	}
	return "no growth" + onEvidence(v.Evidence)
}

// whyLeak says since when a series grows, and which evidence shows it.
func (j Judged) whyLeak() string {
	v := j.Verdict
	why := "throughout"
	if v.Since > j.from {
		why = "since +" + human.Roughly(v.Since)
	}
	if v.Until > 0 {
		why = strings.TrimPrefix(why+" until +"+human.Roughly(v.Until), "throughout ")
	}
	if n := len(v.Steps); n > 0 {
		why += ", in " + human.Count(n, "step")
	}
	if x := v.Exhaustion.Reached; x > 0 {
		why += ", reached its limit at +" + human.Roughly(x)
	}
	if on := onEvidence(v.Evidence); on != "" {
		why += ", shown" + on
	}
	if j.Tolerance > 0 {
		why += fmt.Sprintf("; %s/h allowed", human.Amount(j.Tolerance, j.Metric.Unit))
	}
	return why
}

// onEvidence names the line of evidence; "" if it is not known.
func onEvidence(e soak.Evidence) string {
	switch e {
	case soak.EvidenceLoad:
		return " under load"
	case soak.EvidenceRest:
		return " at rest"
	case soak.EvidenceBoth:
		return " under load and at rest"
	}
	return ""
}

// equalAtRest reports whether the readings at rest since the load began are the same.
func (j Judged) equalAtRest() bool {
	for _, p := range j.Rest {
		if p.Value != j.Rest[0].Value {
			return false
		}
	}
	return len(j.Rest) > 1
}

// readingsOf returns the first measured value of a series, and the times of the first
// and the last one.
func readingsOf(s soak.Series) (first float64, from, to time.Duration) {
	first = math.NaN()
	for i, v := range s.Value {
		if math.IsNaN(v) {
			continue
		}
		if math.IsNaN(first) {
			first, from = v, s.At[i]
		}
		to = s.At[i]
	}
	return first, from, to
}
