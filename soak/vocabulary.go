package soak

// PhaseName names a phase of a run. Only steady phases are judged as load.
type PhaseName string

const (
	PhaseBaseline PhaseName = "baseline" // before the load starts
	PhaseWarmup   PhaseName = "warmup"   // the beginning of the load, and the first seconds after each pause
	PhaseSteady   PhaseName = "steady"   // constant load
	PhaseRest     PhaseName = "rest"     // load paused, sessions kept open
	PhaseDrain    PhaseName = "drain"    // load ended, sessions are closed
	PhasePaused   PhaseName = "paused"   // load paused by an operator
)

// Loading reports whether load is driven in the phase.
func (p PhaseName) Loading() bool { return p == PhaseWarmup || p == PhaseSteady }

// End is why a run ended. It is empty while the run is in progress, and if the
// monitor was killed.
type End string

const (
	EndFinished    End = "finished"    // as planned
	EndInterrupted End = "interrupted" // by a signal
	EndDecided     End = "decided"     // before the planned end, because every judged series was decided
	EndStopped     End = "stopped"     // by an operator, after a drain
	EndTargetDead  End = "target dead"
	EndDriverDead  End = "driver dead"
	EndRelayDead   End = "relay dead"
	EndError       End = "error" // the recording failed

	// Never stored: a reader shows one of these if no end is stored.
	EndRunning End = "running"
	EndKilled  End = "monitor killed"
)

// Complete reports whether the run ended as its plan says.
func (e End) Complete() bool { return e == EndFinished || e == EndDecided }

// Order is what an operator can ask of a run in progress.
type Order string

const (
	OrderPause     Order = "pause"     // stop starting operations
	OrderResume    Order = "resume"    // continue after a pause
	OrderRest      Order = "rest"      // take a rest sample now
	OrderSnapshot  Order = "snapshot"  // take profiles now
	OrderStop      Order = "stop"      // drain, take the last rest sample, report the verdict
	OrderInterrupt Order = "interrupt" // a signal; a second one ends the run at once
)

// RemoteOrders are the orders that another process may give over the control socket.
var RemoteOrders = []Order{OrderPause, OrderResume, OrderRest, OrderSnapshot, OrderStop}

// DriverState is what the load driver is doing.
type DriverState string

const (
	DriverReady    DriverState = "ready" // before the first start
	DriverLoad     DriverState = "load"
	DriverPausing  DriverState = "pausing" // operations in flight are still completing
	DriverPaused   DriverState = "paused"  // sessions stay open
	DriverDraining DriverState = "draining"
	DriverDrained  DriverState = "drained" // sessions are closed
	DriverStopped  DriverState = "stopped"
)

// DriverOrder is a command of the monitor to the driver.
type DriverOrder string

const (
	DoStart DriverOrder = "start" // start the loads, or continue after a pause
	DoRate  DriverOrder = "rate"  // set the rate of Load (of all loads if it is empty) to Factor times the planned rate
	DoPause DriverOrder = "pause" // start no more operations, let those in flight complete; sessions stay open
	DoDrain DriverOrder = "drain" // pause, and close all sessions
	DoStop  DriverOrder = "stop"  // drain, send the last tally, exit
)

// Follows is what a growth is proportional to.
type Follows string

const (
	FollowsTime       Follows = "time"
	FollowsOperations Follows = "operations"
	FollowsSessions   Follows = "sessions" // open sessions in a verdict, new sessions in an attribution
	FollowsFailed     Follows = "failed"   // failed operations
	FollowsDirty      Follows = "dirty"    // dirty sessions
)

// Evidence is what a verdict is based on.
type Evidence string

const (
	EvidenceLoad Evidence = "load" // samples under steady load
	EvidenceRest Evidence = "rest" // samples at rest
	EvidenceBoth Evidence = "both"
)

// ProfileReason is why a profile was taken.
type ProfileReason string

const (
	ProfileStart    ProfileReason = "start" // before the load
	ProfileSchedule ProfileReason = "schedule"
	ProfileRest     ProfileReason = "rest"
	ProfileAlert    ProfileReason = "alert"
	ProfileEnd      ProfileReason = "end"
	ProfileOperator ProfileReason = "operator"
)

// HistogramKind is what a histogram of a load measures. All are in nanoseconds.
type HistogramKind string

const (
	HistogramLatency HistogramKind = "latency" // from due to completed
	HistogramService HistogramKind = "service" // from sent to completed
	HistogramConnect HistogramKind = "connect" // to open a session
	HistogramPacer   HistogramKind = "pacer"   // from due to started
)

// Overlap is what a schedule does when the previous run is still in progress.
type Overlap string

const (
	OverlapSkip  Overlap = "skip"
	OverlapQueue Overlap = "queue"
)

// ForcedGC is the name of a rest event whose sample was taken after a forced
// garbage collection.
const ForcedGC = "gc"
