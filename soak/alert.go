package soak

import "time"

// Rule limits the growth of a metric of one process.
type Rule struct {
	Name      string        `json:"name"`
	Process   string        `json:"process"` // RoleTarget by default
	Metric    string        `json:"metric"`  // family or full series name
	MaxGrowth Quantity      `json:"max_growth"`
	For       time.Duration `json:"for"`      // how long the limit must be exceeded before the alert fires; 0: at once
	Severity  string        `json:"severity"` // "warning", "critical", …
}

// AlertState is the state of an alert.
type AlertState string

const (
	Pending  AlertState = "pending"  // the limit is exceeded, but not yet for Rule.For
	Firing   AlertState = "firing"   // it has been exceeded for Rule.For
	Resolved AlertState = "resolved" // it was firing, and the limit is no longer exceeded
)

// RegressionRule is the name of the rule that a run must not be worse than earlier
// runs of the same plan.
const RegressionRule = "regression"

// Alert is one change of state of an alert, as sinks deliver it.
type Alert struct {
	ID       uint64     `json:"id"` // its number in the run's outbox, from 1
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
	EventRestart  EventKind = "restart"  // the target was restarted; Value is its new pid
	EventCrash    EventKind = "crash"    // the target exited and will not be restarted
	EventGap      EventKind = "gap"      // ticks were missed; Value is their number
	EventProbe    EventKind = "probe"    // a probe began to fail or works again; Name is the probe
	EventSuspend  EventKind = "suspend"  // the machine was suspended; Value is the length in seconds
	EventRest     EventKind = "rest"     // a rest sample was taken; Value is the number of open sessions, Name [ForcedGC] where a garbage collection was forced
	EventSnapshot EventKind = "snapshot" // profiles were taken
	EventAlert    EventKind = "alert"    // an alert changed state
	EventSink     EventKind = "sink"     // a delivery failed and will not be retried
	EventDecided  EventKind = "decided"  // every judged series is decided and the load ends early; Value is the remaining time in seconds
	EventOperator EventKind = "operator" // an operator gave an order
	EventDriver   EventKind = "driver"   // a message from or about the driver
	EventError    EventKind = "error"    // operations of Load failed; Name is the kind of error, Value the number of failures so far, Text the newest error
	EventPlant    EventKind = "plant"    // a leak could not be planted; Name is its kind, Value the number of failed steps so far, Text the error
	EventNote     EventKind = "note"     // any other message for people
)

// Event is one entry on the run's time line.
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
