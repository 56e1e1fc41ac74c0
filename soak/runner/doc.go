// Package runner puts one run together: it checks the plan, starts the target,
// the relay and the load driver as processes, records what the engine measures
// in a run file, delivers alerts, and compares the finished run with earlier
// ones of the same plan.
//
//	plan ─▶ Check ─▶ Run
//	                  │ starts and stops
//	                  ├─▶ target     supervise; Serve where it is embedded
//	                  ├─▶ relay      Relay, where the plan has conditions
//	                  ├─▶ driver     Drive, for a run with load
//	                  ├─▶ web UI     package page, on request
//	                  ▼
//	  Orders ─────▶ engine ─▶ run file ─┬─▶ outbox ─▶ sinks
//	                  │                 └─▶ CompareWithEarlier
//	                  └─▶ status ─▶ Display, control socket
//
// The monitor and its children are one program: [Drive], [Relay] and [Serve] are
// what the hidden commands of the children do, and the other side of each is
// here, too. A child says hello on its file descriptor 3, and ends when its
// standard input is closed, so that none outlives a killed monitor.
//
// The package prints nothing: what a person is to see goes to a [Display].
package runner
