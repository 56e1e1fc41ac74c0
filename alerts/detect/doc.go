// Package detect answers whether a series grows: leak, clean or inconclusive,
// with a slope, its interval, the smallest growth that would have been seen,
// and a reason. It is mathematics only: no input or output, no clock, no state.
//
// The opinion: nothing is flat. A server warms up, fills caches, takes steps,
// breathes with its load and its collector, and its noise remembers. A rule
// that only asks whether a line through the samples rises cries wolf on most
// healthy days. So a series is a leak only if growth is the best way to tell
// what was seen, against every way that has an end:
//
//	reduce.go     any length into 4,096 buckets (minimum, middle, maximum, count)
//	load.go       what was taken under steady load; counters become rates
//	envelope.go   views of it: the middle, and floors over ever wider windows
//	partition.go  how a view can be cut into straight pieces
//	course.go     the best course that grows still, and the best that is bounded
//	period.go     periodic load
//	noise.go      what remains: an Ornstein–Uhlenbeck process and white noise
//	trend.go      the slope, with all that is not known of the noise
//	finding.go    the view that shows most
//	doubt.go      before an alarm: every other way to explain it
//	rivals.go     how such ways compare
//	rest.go       readings at rest, a second line of evidence
//	restarts.go   restarts that nobody marked
//	looks.go      how often one may look
//	judge.go      the question and the order of things
//	verdict.go    the answer
//	replay.go     when a monitor would have known
//
// Limits. What watching alone cannot tell, this package does not tell: a cache
// whose time constant is a third of the series or longer, a random walk, or
// one tooth of a saw longer than the series looks like growth while it lasts.
// Growth in the first ten minutes of a recording is not told from warm-up
// where it is small. Readings at rest and a varied load can tell.
//
// Where the constants come from. None was fitted to labelled series.
//
//	4,096 buckets, 192 points    enough to place a change within half a percent of the series
//	a look each 10 s, then 5 %   so that the looks of a week are some 200
//	0.1 % false alarms           of whole runs with all looks and series: one false alarm in three years of nights
//	95 % power, 95 % interval    convention
//	6 = 2 ln 20 (margin)         odds of 20 to 1 between two courses (Kass & Raftery 1995: strong)
//	16 (wander)                  0.1 % of the Dickey–Fuller distribution
//	1/4 of the series            growth must have gone on for; any share trades delay for certainty
//	30 points                    of growth before an alarm: one tooth of a saw may be all there is
//	1/3 of the last piece        longest time constant that three time constants of data tell from a line
//	6 pieces, 4 restarts         so many single events are plausible; more are a habit, that is, noise
//	2.5 cycles                   a cycle is one when it has come back
//	5 deviations (Hampel)        the usual reach of that filter is 3 to 5
//	5 % of the level, 5 counts   what "clean" promises, by definition
//	10 minutes                   in which programs warm up (Barrett et al. 2017 saw most settle within)
package detect
