// Package report turns a stored run into one value, and that value into text, JSON,
// JUnit, Markdown or an HTML page. It judges with the same questions and the same
// detector as the running monitor, so a report made years later has the verdict
// that the run had.
//
// A run is clean only with evidence: everything that was missing, idle, too short
// or broken is among the reasons, and the verdict is then inconclusive at best.
package report

import (
	"fmt"
	"slices"
	"time"

	"soakmon/soak"
	"soakmon/soak/cause"
	"soakmon/soak/chart"
	"soakmon/soak/judge"
)

// Source is a stored run.
type Source interface {
	Run() soak.Run
	Names() []soak.SeriesID
	Series(of soak.SeriesID) (soak.Series, error)
	Ticks() ([]time.Duration, error)
	Events() ([]soak.Event, error)
	Alerts() ([]soak.Alert, error)
	Histograms() ([]soak.Histogram, error)
	Profiles() ([]soak.ProfileMeta, error)
	Profile(id uint64) ([]byte, error)
	chart.Source
}

// Report is everything that soak reports about a run. Its JSON names are stable.
type Report struct {
	Run        string            `json:"run"`
	Name       string            `json:"name"`
	Command    string            `json:"command"`
	Args       []string          `json:"args,omitempty"`
	Version    string            `json:"version"`
	Start      time.Time         `json:"start"`
	Duration   float64           `json:"duration_s"` // recorded, including baseline and drain
	Planned    float64           `json:"planned_s"`  // of load
	Ended      soak.End          `json:"ended"`
	Verdict    soak.State        `json:"verdict"`
	ExitCode   int               `json:"exit_code"`
	Headline   string            `json:"headline"` // [Sentence]
	Reasons    []string          `json:"reasons"`
	Decided    *Decided          `json:"decided,omitempty"` // of a run until decided that ended early: what that cost
	Needed     *Needed           `json:"needed,omitempty"`  // of an inconclusive run: how long it would have to be
	Evidence   Evidence          `json:"evidence"`
	Load       []Load            `json:"load"`
	Series     []Series          `json:"series"`
	Levels     []Level           `json:"levels"`
	Statements []judge.Statement `json:"statements"`          // what several series show together; does not affect the verdict
	Findings   []cause.Finding   `json:"findings"`            // the cause of each leak
	Isolation  []cause.Isolation `json:"isolation,omitempty"` // of a run with isolated loads: which series grows under which load
	CPU        CPU               `json:"cpu"`                 // whether the machine had CPU time left
	Nights     *soak.Regression  `json:"nights,omitempty"`    // comparison with earlier runs of the plan, if the plan asks for it
	Memory     *Memory           `json:"memory,omitempty"`    // breakdown of the resident memory, if the report mentions memory
	Alerts     []Alert           `json:"alerts"`
	Events     []Event           `json:"events,omitempty"`
	Target     soak.Facts        `json:"target"`
	Host       soak.Host         `json:"host"`
	Plan       soak.Plan         `json:"plan"`
	Unplanted  []Unplanted       `json:"not_planted,omitempty"` // planted leaks that failed, in part or completely
	Warnings   []string          `json:"warnings"`

	faults   []string // what is missing from the evidence for a clean run
	violated []string // rules that fired, and regressions
	dead     bool     // the target died or served hardly anything
	unserved []string // loads of which less than half was served
}

// Evidence is the amount of what was measured.
type Evidence struct {
	SamplesDue  int        `json:"samples_due"` // ticks of the target
	Samples     int        `json:"samples"`     // ticks at which the target was measured
	Gaps        int        `json:"gaps"`        // runs of consecutive missing ticks
	Restarts    int        `json:"restarts"`
	Rests       int        `json:"rests"`
	Profiles    int        `json:"profiles"`
	ProfileCost soak.Float `json:"profile_cpu_share"` // share of a core: CPU time of the target while profiles were fetched, its other work included; null without profiles. CPU profiles are left out: they measure that work

	HeapSnapshot *SnapshotCost `json:"heap_snapshot,omitempty"`
}

// SnapshotCost is what one snapshot cost the target: averages, and the longest pause.
type SnapshotCost struct {
	CPU   soak.Float `json:"cpu_s"` // CPU time of the target during the snapshot, its other work included
	Took  soak.Float `json:"took_s"`
	Pause soak.Float `json:"pause_s"` // longest stop-the-world pause of a garbage collection during the snapshots; null if the target does not report it
}

// Series is one judged series. Slopes are in its unit per hour.
type Series struct {
	Process string     `json:"process"`
	Metric  string     `json:"metric"`
	Unit    string     `json:"unit"`
	Verdict soak.State `json:"verdict"`
	soak.Growth
	Tolerance    soak.Float    `json:"tolerance_per_hour"`
	Since        soak.Float    `json:"since_s"`           // when the leak began; null without one
	Until        soak.Float    `json:"until_s,omitempty"` // when it ended with the lifetime of the process; 0 if it lasts
	Level        soak.Float    `json:"level"`
	Last         soak.Float    `json:"last"`
	Points       int           `json:"samples"`
	Covered      soak.Float    `json:"covered"` // share of the steady load in which it was measured
	Rule         string        `json:"rule,omitempty"`
	Exhaustion   *Exhausted    `json:"exhaustion,omitempty"`
	Trend        *Trend        `json:"trend,omitempty"`
	Steps        []Step        `json:"steps,omitempty"` // rises of the level that were not taken back
	EvidenceLine soak.Evidence `json:"evidence,omitempty"`
	Why          string        `json:"why"` // short form of the reason
	Reason       string        `json:"reason"`
	Needed       soak.Float    `json:"needed_s"`          // length of a run that would decide an undecided series; null if unknown
	PartOf       string        `json:"part_of,omitempty"` // the series that includes this one and decided for it
	Warnings     []string      `json:"warnings,omitempty"`
}

// Step is one rise of the level, in seconds since the run's start and in the series' unit.
type Step struct {
	At   float64    `json:"at_s"`
	Size soak.Float `json:"size"`
}

// Trend is the fitted line: it passes through Value at At with the series' slope,
// from From to To. Times are in seconds since the run's start.
type Trend struct {
	From  float64 `json:"from_s"`
	To    float64 `json:"to_s"`
	At    float64 `json:"at_s"`
	Value float64 `json:"value"`
}

// Exhausted says when a limit is reached if the growth continues, in seconds since
// the run's start. High is null if the interval has no upper end.
type Exhausted struct {
	Limit soak.Float `json:"limit"`
	At    soak.Float `json:"at_s"`
	Low   soak.Float `json:"low_s"`
	High  soak.Float `json:"high_s"`

	Reached soak.Float `json:"reached_s,omitempty"` // when the limit was reached; 0 if it was not
}

// Alert is an alert that was raised during the run.
type Alert struct {
	At     time.Time       `json:"at"`
	Rule   string          `json:"rule"`
	State  soak.AlertState `json:"state"`
	Metric string          `json:"metric"`
	Reason string          `json:"reason"`

	Process  string `json:"process"`
	Severity string `json:"severity"`
}

// Event is a mark on the run's time line.
type Event struct {
	At   float64        `json:"at_s"`
	Kind soak.EventKind `json:"kind"`
	Name string         `json:"name,omitempty"`
	Load string         `json:"load,omitempty"`
	Text string         `json:"text,omitempty"`
}

// Build judges a stored run. Running says whether the run is still in progress.
func Build(src Source, d judge.Detector, running bool) (Report, error) {
	run := src.Run()
	b := &builder{src: src, run: run, plan: run.Plan, running: running}
	if err := b.read(); err != nil {
		return Report{}, fmt.Errorf("run %s: %w", run.ID, err)
	}
	asked := judge.Run{Plan: run.Plan, Facts: run.Target, Events: b.events, End: b.end, Running: running, Firing: judge.Firing(b.alerts)}
	judged, err := judge.All(b.history, asked, d)
	if err != nil {
		return Report{}, fmt.Errorf("run %s: %w", run.ID, err)
	}
	r := Report{
		Run: run.ID, Name: run.Name, Command: run.Command, Args: run.Args, Version: run.Version, Start: run.Start,
		Duration: b.end.Seconds(), Planned: run.Plan.Duration.Seconds(), Ended: b.ended(),
		Target: run.Target, Host: run.Host, Plan: run.Plan, Nights: run.Nights,
		Reasons: []string{}, Load: []Load{}, Series: []Series{}, Levels: []Level{}, Warnings: []string{},
	}
	for _, j := range judged {
		r.Series = append(r.Series, series(j, b.history.steady[j.ID]))
	}
	r.Statements = judge.Statements(b.history, asked, judged, d)
	if err := b.load(&r); err != nil {
		return Report{}, fmt.Errorf("run %s: %w", run.ID, err)
	}
	r.CPU = b.cpuLeft()
	b.levels(&r)
	b.unplanted(&r)
	if err := b.evidence(&r); err != nil {
		return Report{}, fmt.Errorf("run %s: %w", run.ID, err)
	}
	if err := b.marks(&r); err != nil {
		return Report{}, fmt.Errorf("run %s: %w", run.ID, err)
	}
	if r.Findings, err = b.causes(&r); err != nil {
		return Report{}, fmt.Errorf("run %s: %w", run.ID, err)
	}
	r.Statements = slices.DeleteFunc(r.Statements, r.superseded)
	r.Isolation = b.isolation(&r)
	b.memory(&r)
	if r.Decided = b.decided(&r); r.Decided != nil {
		r.warn("%s", r.Decided.Text)
	}
	decide(&r, b)
	r.Headline = Sentence(r)
	return r, nil
}

// id identifies the series.
func (s Series) id() soak.SeriesID { return soak.SeriesOf(s.Process, s.Metric) }

func series(j judge.Judged, steady soak.Series) Series {
	v := j.Verdict
	s := Series{
		Process: j.ID.Process, Metric: j.ID.Metric, Unit: j.Metric.Unit, Verdict: v.State,
		Growth: v.Growth, Tolerance: soak.Float(j.Tolerance),
		Since: soak.Float(nan), Level: soak.Float(v.Level), Last: soak.Float(j.Last), Points: j.Points, Covered: soak.Float(j.Covered),
		EvidenceLine: v.Evidence, Why: j.Why(), Reason: v.Reason, Needed: soak.Float(nan), PartOf: j.PartOf, Warnings: v.Warnings,
	}
	if v.State == soak.Inconclusive && v.Needed > 0 {
		s.Needed = soak.Float(v.Needed.Seconds())
	}
	if j.Rule != nil {
		s.Rule = j.Rule.Name
	}
	for _, step := range v.Steps {
		s.Steps = append(s.Steps, Step{At: step.At.Seconds(), Size: step.Size})
	}
	s.Trend = trend(steady, v)
	if v.State == soak.Leaking {
		s.Since, s.Until = soak.Float(v.Since.Seconds()), soak.Float(v.Until.Seconds())
		if e := v.Exhaustion; e.At > 0 {
			s.Exhaustion = &Exhausted{Limit: soak.Float(e.Limit), At: soak.Float(e.At.Seconds()), Low: soak.Float(e.Lo.Seconds()), High: soak.Float(nan), Reached: soak.Float(e.Reached.Seconds())}
			if e.Hi > 0 {
				s.Exhaustion.High = soak.Float(e.Hi.Seconds())
			}
		}
	}
	return s
}
