package soak

import "time"

// Rule bounds the growth of a metric of the target.
type Rule struct {
	Name      string        `json:"name"`
	Process   string        `json:"process"` // RoleTarget by default
	Metric    string        `json:"metric"`  // family or full series name
	MaxGrowth Quantity      `json:"max_growth"`
	For       time.Duration `json:"for"`      // it must hold so long before the alert fires
	Severity  string        `json:"severity"` // "warning", "critical", …
}

// AlertState is where an alert stands.
type AlertState string

const (
	Pending  AlertState = "pending"  // holds, not yet for as long as the rule asks
	Firing   AlertState = "firing"   //
	Resolved AlertState = "resolved" //
)

// RegressionRule names the rule that a run must not be worse than the earlier
// ones of its plan.
const RegressionRule = "regression"

// Alert is a change of state that somebody should know of.
type Alert struct {
	ID       uint64     `json:"id"` // number in the run's outbox
	Run      string     `json:"run"`
	Rule     string     `json:"rule"`
	Severity string     `json:"severity"`
	State    AlertState `json:"state"`
	Process  string     `json:"process"`
	Metric   string     `json:"metric"`
	Unit     string     `json:"unit"`
	Since    time.Time  `json:"since"` // when the state began
	At       time.Time  `json:"at"`    // when this alert was made
	Growth
	Last   Float  `json:"last"` // newest value
	Reason string `json:"reason"`
}

// EventKind names what happened.
type EventKind string

const (
	EventPhase    EventKind = "phase"    // a phase begins; Name is the phase
	EventRate     EventKind = "rate"     // the rate changes by plan; Value is the factor
	EventStart    EventKind = "start"    // a process started; Value is its pid
	EventExit     EventKind = "exit"     // a process ended
	EventRestart  EventKind = "restart"  // the target was started again; Value is its new pid
	EventCrash    EventKind = "crash"    // the target is dead for good
	EventGap      EventKind = "gap"      // ticks were missed; Value is how many
	EventProbe    EventKind = "probe"    // a probe began to fail or works again; Name is the probe
	EventSuspend  EventKind = "suspend"  // the machine slept; Value is for how many seconds
	EventRest     EventKind = "rest"     // a rest sample was taken; Value is the number of open sessions, Name [ForcedGC] where a garbage collection was forced
	EventSnapshot EventKind = "snapshot" // profiles were taken
	EventAlert    EventKind = "alert"    // an alert changed state
	EventSink     EventKind = "sink"     // a delivery failed for good
	EventOperator EventKind = "operator" // somebody did something through the control socket
	EventDriver   EventKind = "driver"   // the driver has something to say
	EventError    EventKind = "error"    // operations of Load failed; Name is the kind, Value how many did by now, Text the newest error
	EventPlant    EventKind = "plant"    // a leak could not be planted; Name is its kind, Value how many steps failed by now, Text why
	EventNote     EventKind = "note"     // anything else a person should know
)

// Event is a mark on the run's time line.
type Event struct {
	At      time.Duration `json:"at"`
	Wall    time.Time     `json:"wall"`
	Kind    EventKind     `json:"kind"`
	Process string        `json:"process,omitempty"`
	Name    string        `json:"name,omitempty"`
	Load    string        `json:"load,omitempty"`
	Value   Float         `json:"value,omitempty"`
	Text    string        `json:"text,omitempty"` // one sentence for people
}
