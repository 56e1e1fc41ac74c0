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

// JUnit writes the report as a test suite with one case per rule, resource and
// target, and one for the evidence. A leak or a missed rule is a failure; what
// could not be decided is an error, for a run without evidence has not passed.
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

// targetCase tells whether the target lived and served.
func targetCase(r Report) junitCase {
	c := newCase(r, soak.RoleTarget, "lives and serves")
	if r.dead {
		c.Failure = &junitFault{Message: "the target died, or served less than half of what was planned", Type: "dead", Text: strings.Join(r.faults, "\n")}
	}
	return c
}

// evidenceCase tells whether enough was measured to say anything.
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

// ruleCases gives a case for each rule of the plan.
func ruleCases(r Report) (cases []junitCase) {
	for _, rule := range r.Plan.Rules {
		c := newCase(r, "rule", rule.Name)
		for _, m := range r.missed {
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
				c.Failure = &junitFault{Message: s.said(), Type: "rule"}
			} else if s.Verdict == soak.Inconclusive && c.Failure == nil {
				c.Error = &junitFault{Message: s.said(), Type: "inconclusive"}
			}
		}
		if !judged {
			c.Error = &junitFault{Message: rule.Metric + " was never measured", Type: "inconclusive"}
		}
		cases = append(cases, c)
	}
	if n := r.Nights; n != nil {
		cases = append(cases, nightsCase(r, *n))
	}
	return cases
}

// nightsCase is the run against the earlier ones of its plan.
func nightsCase(r Report, n soak.Regression) junitCase {
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

// seriesCase is the case of one judged resource. Of soak's own processes only
// what the verdict counts is more than told.
func seriesCase(r Report, s Series) junitCase {
	c := newCase(r, s.Process, s.Metric)
	if s.Rule != "" {
		c.Name += " (rule " + s.Rule + ")"
	}
	c.Out = fmt.Sprintf("now %s, growth %s, 95 %% interval %s, detectable %s, allowed %s", s.now(), s.growth(), s.interval(), s.seen(), s.allowed())
	switch {
	case s.Verdict == soak.Clean:
	case disturbs(s):
		c.Error = &junitFault{Message: "a part of soak grows itself: " + s.said(), Type: "inconclusive"}
	case ours(s), s.Verdict == soak.Inconclusive && auxiliary(s):
		c.Skipped = &junitFault{Message: "decides nothing about the target: " + s.said()}
	case s.Verdict == soak.Leaking:
		c.Failure = &junitFault{Message: s.said() + exhaustion(s), Type: "leak"}
	default:
		c.Error = &junitFault{Message: s.said(), Type: "inconclusive"}
	}
	return c
}

// said is the reason with the series before it.
func (s Series) said() string { return fmt.Sprintf("%s %s: %s", s.Process, s.Metric, s.Reason) }
