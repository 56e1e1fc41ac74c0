package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"soakmon/soak"
	"soakmon/soak/human"
)

// The elements of JUnit's XML that CI systems read (the schema of Jenkins'
// xUnit plug-in, junit-10.xsd).
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Host       string          `xml:"hostname,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
		Out        string          `xml:"system-out,omitempty"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string      `xml:"classname,attr"`
		Name    string      `xml:"name,attr"`
		Time    string      `xml:"time,attr"`
		Failure *junitFault `xml:"failure,omitempty"`
		Error   *junitFault `xml:"error,omitempty"`
		Skipped *junitFault `xml:"skipped,omitempty"`
		Out     string      `xml:"system-out,omitempty"`
	}
	junitFault struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the report as a test suite with one case for each rule, each resource,
// the target and the evidence. A leak or a violated rule is a failure. An undecided
// case is an error, because a run without evidence has not passed.
func JUnit(w io.Writer, r Report) error {
	s := junitSuite{
		Name: "soak " + r.Name, Time: fmt.Sprintf("%.3f", r.Duration), Timestamp: r.Start.UTC().Format("2006-01-02T15:04:05"), Host: r.Host.Name,
		Properties: []junitProperty{{"run", r.Run}, {"verdict", string(r.Verdict)}, {"version", r.Version}},
		Cases:      append([]junitCase{targetCase(r), evidenceCase(r)}, ruleCases(r)...),
		Out:        Sentence(r),
	}
	for _, one := range r.Series {
		s.Cases = append(s.Cases, seriesCase(r, one))
	}
	s.count()
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(junitSuites{Suites: []junitSuite{s}}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *junitSuite) count() {
	for _, c := range s.Cases {
		s.Tests++
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
}

func newCase(r Report, class, name string) junitCase {
	return junitCase{Class: "soak." + strings.ReplaceAll(r.Name, ".", "_") + "." + class, Name: name, Time: fmt.Sprintf("%.3f", r.Duration)}
}

// targetCase fails if the target died or hardly served any requests.
func targetCase(r Report) junitCase {
	c := newCase(r, soak.RoleTarget, "lives and serves")
	if r.dead {
		c.Failure = &junitFault{Message: "the target died or served less than half of the planned operations", Type: "dead", Text: strings.Join(r.faults, "\n")}
	}
	return c
}

// evidenceCase is an error if too little was measured for a verdict.
func evidenceCase(r Report) junitCase {
	c := newCase(r, "run", "evidence")
	faults := r.faults
	if r.ExitCode == ExitError {
		faults = append([]string{"the monitor failed"}, faults...)
	}
	if len(faults) > 0 {
		c.Error = &junitFault{Message: faults[0], Type: "evidence", Text: strings.Join(faults, "\n")}
	}
	e := r.Evidence
	c.Out = fmt.Sprintf("%d of %d samples, %s, %s", e.Samples, e.SamplesDue, human.Count(e.Gaps, "gap"), human.Count(e.Restarts, "restart"))
	return c
}

// ruleCases returns a case for each rule of the plan.
func ruleCases(r Report) (cases []junitCase) {
	for _, rule := range r.Plan.Rules {
		c := newCase(r, "rule", rule.Name)
		for _, m := range r.violated {
			if strings.HasPrefix(m, "rule "+rule.Name+" ") {
				c.Failure = &junitFault{Message: m, Type: "rule"}
			}
		}
		judged := false
		for _, s := range r.Series {
			if s.Rule != rule.Name {
				continue
			}
			judged = true
			if s.Verdict == soak.Leaking {
				c.Failure = &junitFault{Message: s.qualifiedReason(), Type: "rule"}
			} else if s.Verdict == soak.Inconclusive && c.Failure == nil {
				c.Error = &junitFault{Message: s.qualifiedReason(), Type: string(soak.Inconclusive)}
			}
		}
		if !judged {
			c.Error = &junitFault{Message: rule.Metric + " was never measured", Type: string(soak.Inconclusive)}
		}
		cases = append(cases, c)
	}
	if n := r.Nights; n != nil {
		cases = append(cases, regressionCase(r, *n))
	}
	return cases
}

// regressionCase fails if the run regressed from the earlier runs of its plan.
func regressionCase(r Report, n soak.Regression) junitCase {
	c := newCase(r, "rule", soak.RegressionRule)
	var worse []string
	for _, w := range n.Worse {
		worse = append(worse, w.Text)
	}
	switch {
	case n.Note != "":
		c.Skipped = &junitFault{Message: n.Note}
	case len(worse) > 0:
		c.Failure = &junitFault{Message: worse[0], Type: "rule", Text: strings.Join(worse, "\n")}
	}
	return c
}

// seriesCase is the case of one judged resource. A resource of soak's own processes
// is an error only if it counts for the verdict, and is skipped otherwise.
func seriesCase(r Report, s Series) junitCase {
	c := newCase(r, s.Process, s.Metric)
	if s.Rule != "" {
		c.Name += " (rule " + s.Rule + ")"
	}
	c.Out = fmt.Sprintf("%s: now %s, growth %s, 95 %% interval %s, detectable %s, allowed %s", s.Why, s.now(), s.growth(), s.interval(), s.detectable(), s.allowed())
	switch {
	case s.Verdict == soak.Clean:
	case s.Verdict == soak.NotJudged:
		c.Skipped = &junitFault{Message: s.qualifiedReason()}
	case castsDoubt(s):
		c.Error = &junitFault{Message: ownProcess(s.Process) + " is growing: " + s.qualifiedReason(), Type: string(soak.Inconclusive)}
	case ownUnasked(s):
		c.Skipped = &junitFault{Message: "does not count for the verdict on the target: " + s.qualifiedReason()}
	case s.Verdict == soak.Leaking:
		c.Failure = &junitFault{Message: s.qualifiedReason() + exhaustion(s), Type: string(soak.Leaking)}
	default:
		c.Error = &junitFault{Message: s.qualifiedReason(), Type: string(soak.Inconclusive)}
	}
	return c
}

// qualifiedReason is the reason of a series' verdict, preceded by its name.
func (s Series) qualifiedReason() string {
	return fmt.Sprintf("%s %s: %s", s.Process, s.Metric, s.Reason)
}
