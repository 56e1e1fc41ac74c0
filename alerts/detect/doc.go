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
//	finding.go    what one view shows
//	sight.go      what is found out of a view only once; the view that shows most
//	backdrop.go   what waves are tried beside
//	doubt.go      before an alarm: every other way to explain it
//	bends.go      one of them: growth that slows down
//	slowwave.go   another: one slow wave; and what it may hide from clean
//	stairs.go     another: steps at even distances
//	rivals.go     how such ways compare
//	wander.go     a random walk looks like growth, too; the smallest growth that would have been found
//	ranks.go      the cross-check of an alarm, and the way out where nothing rises
//	rest.go       readings at rest, a second line of evidence
//	restarts.go   restarts that nobody marked
//	looks.go      how often one may look
//	judge.go      the question and the order of things
//	verdict.go    the answer
//	replay.go     when a monitor would have known; whether it would say leak, asked cheaply
//
// Limits. What watching alone cannot tell, this package does not tell: a cache
// whose time constant is a third of the series or longer, a random walk, one
// tooth of a saw, or one wave, longer than the series looks like growth while it
// lasts. So a monitor of a long run says leak only when growth under load has
// lasted a quarter of the planned time, as it must have at the end, and excludes
// every wave that would be whole by then at the odds of a false alarm; or when
// it will reach its limit before. Where no end is planned, one wave of a day is
// a leak for some hours. Growth in the first ten minutes of a recording is not
// told from warm-up where it is small. Growth that slows down for ever, like a
// logarithm, a square root or a hyperbola, is inconclusive: nobody can tell
// whether it ends.
// Readings at rest and a varied load can tell more, and do not wait.
//
// What clean rests on. An alarm must pass every doubt, and clean must not: the
// smallest growth that would have been called a leak (MinDetectable) is larger
// than what would have stood out of the noise at the same bound. It is the
// latter that clean wants to be at most 5 % of the level, or 5 counts, over the
// series: such growth would have kept it from being clean, be it as a leak or
// as inconclusive. To ask as much of the former would leave nearly twice as many
// series undecided. The reason states both where they differ. A fall excludes
// growth only where it brings the series back to where it began: what falls for
// a while, as after a day's load, may hide it.
//
// Where the constants come from. Some are conventions or definitions, some are
// judgements; four were chosen among a few candidates by what simulated noise,
// saws and short runs did with them, and say so. None was searched for.
//
//	4,096 buckets, 192 points    definition; places a change within half a percent of the series
//	a look each 10 s, then 5 %   definition; some 200 looks in a week
//	0.1 % false alarms           definition: of whole runs with all looks and series
//	95 % power, 95 % interval    convention
//	5 % of the level, 5 counts   what "clean" promises, by definition
//	6 = 2 ln 20 (margin)         odds of 20 to 1 between two courses (Kass & Raftery 1995: strong)
//	16 (wander)                  about 0.1 % of the Dickey–Fuller distribution, carried on from its tables
//	5 deviations (Hampel)        the usual reach of that filter is 3 to 5
//	2.5 cycles                   judgement: a cycle is one when it has come back
//	1/4 of the series            judgement: growth must have gone on for so long; trades delay for certainty;
//	                             a monitor takes the planned time for the series
//	0.15 of the variance         judgement: what a period must explain to be worth the trial; half of it at once
//	1/512 (logarithms)           definition: the steepest beginning that 192 points show
//	0.5 cycles (one wave)        definition: from trough to crest; less is not told from a line
//	1/3 of the last piece        judgement: the longest time constant that is told from a line
//	6 pieces, 4 restarts         judgement: so many are single events; more are a habit, that is, noise
//	10 minutes                   judgement: growth that is small and so young may be warm-up
//	8 readings (rest)            judgement: how firmly counts at rest are held to be exact
//	1/3 of a step² (rest)        variance of an error that is uniform within one step up or down; chosen over a
//	                             whole step² by simulated runs of ten minutes
//	3 readings (rest)            definition: the fewest that show a line and that it is one
//	2 (levelling)                judgement: the benefit of the doubt that goes to a line that was shown
//	0.4 to 2 (levelling off)     definition: the time constants, in lengths, that the search does not try; at 2 a
//	                             bend departs from its chord by a sixteenth of its rise and is hardly told from it
//	8 deviations, 1/5 (drops)    judgement: how deep a drop must be to be taken for a restart
//	1 %, 25 % (scatter)          judgement: of a leak's rates from restart to restart, and of the teeth of a saw;
//	                             odds of 20 to 1 (margin) between the two
//	3:6:1 (prior of the noise)   chosen by simulated nights of noise and by short runs of counts
//	30 points before an alarm    chosen by simulated saws: one tooth may be all there is
//	0.01 (seen)                  chosen by short runs of counts
package detect
