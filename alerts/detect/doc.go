// Package detect decides whether a series grows: leak, clean or inconclusive,
// with the slope, its interval, the smallest growth that would have been found,
// and a reason. It is pure mathematics: no input or output, no clock, no state.
//
// Why it is more than a fitted line: no healthy server is flat. It warms up, fills
// caches, changes level in steps, follows its load and its garbage collector, and
// its noise is autocorrelated. A rule that only asks whether a line through the
// samples rises raises false alarms on most healthy days. So a series is a leak
// only if growth that lasts explains the samples better than every alternative
// that ends.
//
// How it is built: a question becomes an inquiry, the inquiry gathers the evidence
// as values, and one pure function maps the evidence to a state. The reason is
// written from the same values.
//
//	judge.go         the question, and the order of things
//	evidence.go      what each line of evidence shows, under load and at rest
//	criteria.go      the test of a slope against the tolerance
//	rise.go          by how much the level rose permanently, and whether this has ended
//	habit.go         growth in steps that has not ended
//	verdict.go       from evidence to the verdict
//	reason.go        the verdict in words
//
// The evidence under load:
//
//	reduce.go        any length into 4,096 buckets (minimum, middle, maximum, count)
//	steady.go        samples taken under steady load; counters become rates
//	views.go         views of them: the middle, and lower envelopes of ever wider windows
//	analysis.go      everything computed from one view; the most sensitive view
//	piecewise.go     piecewise-linear models: the best that grows, the best that is bounded
//	segmentation.go  the search for their change points
//	period.go        periodic load
//	fit.go           the models and the slope of one lifetime of the process
//	noise.go         the residual: an Ornstein–Uhlenbeck process plus white noise
//	whitening.go     the filter that makes such noise white
//	leastsquares.go  normal equations
//	basis.go         orthogonal basis: cheap trials of further regressors
//	trend.go         the slope, with the uncertainty of the noise
//	unitroot.go      growth against a random walk; a formula for the smallest growth that would have been found
//
// Before an alarm, alternative explanations (alternatives.go), compared by their
// Bayesian information criterion (comparison.go):
//
//	saturation.go    growth that slows down
//	slowwave.go      one slow wave; also what such a wave may hide from a clean verdict
//	steps.go         steps at even distances
//	ranktest.go      the cross-check by ranks
//
// And:
//
//	rest.go          readings at rest, a second line of evidence
//	gaps.go          readings of zero where no zero can be
//	lifetimes.go     each lifetime of the process by itself
//	needed.go        how long a run would have to be to decide
//	restarts.go      restarts that were not marked
//	held.go          growth that an earlier look has shown: what takes it back
//	exhaustion.go    growth that ended at a limit; a fall without end
//	looks.go         how often a monitor may look, and what each look may spend
//	operations.go    whether growth follows time or operations (package attribute)
//	replay.go        when a monitor would have known
//	power.go         the smallest growth that would have been found, checked by computation;
//	                 what whole steps of the readings hide
//
// Limits. Some shapes cannot be distinguished from growth by watching alone while
// they last: a cache whose time constant is a third of the series or longer, a
// random walk, one tooth of a sawtooth or one wave that is longer than the series.
// So a monitor of a long run reports a leak only when growth under load has lasted
// a quarter of the planned time, as it must have at the end, and excludes, with the
// probability of a false alarm, every wave that would be whole by then; or when it
// will reach its limit before. Where no end is planned, one wave of a day is a leak
// for some hours. Small growth in the first ten minutes of a recording cannot be
// distinguished from warm-up. Growth that slows down forever, like a logarithm, a
// square root or a hyperbola, is inconclusive: whether it ends cannot be known.
// Readings at rest and a varied load show more, and are used immediately.
//
// The smallest growth that would have been called a leak (MinDetectable) is checked at
// the end of a run: growth is added to the readings without the growth that was
// fitted, and they are judged again, with 95 % of the luck that chance may add to or
// take from a slope. So it holds whatever the noise is. A look at a run in progress
// states a formula's limit, which ignores how teeth and slow waves hide growth. No
// limit is below the upper end of the interval, and the interval includes what whole
// steps of the readings hide: a series of equal counts may have grown by one.
//
// What was shown stays shown. A monitor asks again and again, and near the bound the
// answer would change from look to look. The look that first calls a series a leak
// has spent the error probability of a false alarm, and has excluded every other
// explanation. From then on (Question.Fired) the verdict stays until the samples
// contradict that growth: they exclude half of it, or make none more likely.
//
// What clean rests on. An alarm must survive every alternative explanation; clean
// need not. So the smallest growth that would have been called a leak
// (MinDetectable) is larger than the growth that is excluded. Clean requires that
// growth by more than 5 % of the level, or 5 counts or pages, over the series is excluded with
// 99 % confidence: such growth would have prevented the verdict clean, as a leak or
// as inconclusive. Requiring as much of the limit, at the bound of a false alarm,
// would leave many more series undecided. The reason states both.
//
// Clean also means that the level did not rise. A series may rise in steps and be
// flat between them, so that no slope is left. Its permanent level is the future
// minimum of its fitted level: steps that come back do not count. Where the
// permanent level rose by more than the tolerance (without one, by more than the
// growth that clean excludes) and by more than chance under the fitted noise, the
// series is clean only if the rise has shown that it ended: by a flat stretch in
// which n rises within a time T would have continued at their own pace with 95 %
// probability: 3 T/n for a Poisson process. One step has no pace, so it takes T. A ramp
// rises in each of its points, so that its pace is fast; but as growth must have lasted
// a quarter of the series, so must its end. What waited before it rose may wait again:
// the steps of a doubling heap come ever more slowly, so twice the longest wait must
// have passed, or T. The stretch since then may exclude growth by itself. The
// exponential approach of a warm-up does not count, but the figures include the rate
// at which it still rises at the end. A rise counts
// only if its level is new and the lower envelope rose, too. The reason names the
// rises with their times. Otherwise the series is inconclusive, and the reason says
// how long a flat stretch would decide.
//
// A lasting habit of steps is a leak. Its rate is that of a compound renewal process,
// and its interval follows from the scatter of waits and sizes. Four conditions must
// hold. The number of steps excludes chance: k levels in rising order have probability
// 1/(k+1)! if any order is as likely, and 2^-k if the level drifts. No step was taken
// back. The steps become neither rarer nor smaller, as they do where the level grows
// with the square root of time. The time since the last step does not exceed the
// longest wait between two. Eight steps at an even pace are enough, or about twelve at
// random waits.
//
// One step does not hide growth either: a growing model may have one step up in its
// last piece, as a bounded one may, where the step improves it by the margin, and
// every alternative is given the same step. The slope is that without the step. A
// slope with a step down is a tooth.
//
// What else may hide growth prevents clean, too. A fall excludes
// growth only where it brings the series back to its beginning: what falls for a
// while, as after a day's load, may hide growth. The length of a run that would
// decide (Needed) follows from how the slope's interval narrows at this noise.
//
// Where the constants come from. Some are conventions or definitions, some are
// judgments; four were chosen among a few candidates by what simulated noise,
// sawtooths and short runs did with them, and are marked. None was searched for.
//
//	4,096 buckets, 192 points    definition; places a change within half a percent of the series
//	a look each 10 s, then 5 %   definition; some 200 looks in a week
//	0.1 % false alarms           definition: of whole runs with all looks and series
//	95 % power, 95 % interval    convention
//	5 % of the level, 5 steps    what "clean" promises (steps are counts or pages), by definition; with 99 % confidence by convention
//	3 (flat after rises)         −ln 0.05: events of a Poisson process that are expected where none has 5 % probability
//	1/3 of the time (root)       definition: the center of growth with the square root of time, which a habit excludes with 95 %
//	half of a typical rise       judgment: a smaller rise or fall is not a step of a habit
//	5 % of a rise (settled)      convention: the part of it that neither continues it nor is another rise
//	6 = 2 ln 20 (margin)         odds of 20 to 1 between two models (Kass & Raftery 1995: strong)
//	16 (unit root)               about 0.1 % of the Dickey–Fuller distribution, extrapolated from its tables
//	5 deviations (Hampel)        the usual range of that filter is 3 to 5
//	2.5 cycles                   judgment: a cycle is one when it has repeated
//	1/4 of the series            judgment: how long growth must have lasted, and a level must have been held before to
//	                             be known already; trades delay for certainty;
//	                             a monitor takes the planned time for the series
//	0.15 of the variance         judgment: what a period must explain to be worth the trial; half of it at once
//	1/512 (logarithms)           definition: the steepest beginning that 192 points show
//	0.5 cycles (one wave)        definition: from trough to crest; less cannot be distinguished from a line
//	1/3 of the last piece        judgment: the longest time constant that differs visibly from a line
//	6 pieces, 4 restarts         judgment: up to this number they are single events; more are a habit, that is, noise
//	10 minutes                   judgment: growth that is small and this early may be warm-up
//	8 readings (rest)            judgment: the weight of the prior that counts at rest are exact
//	1/3 of a step² (rest)        variance of an error that is uniform within one step up or down; chosen over a
//	                             whole step² by simulated runs of ten minutes
//	3 readings (rest)            definition: the fewest that show a line and that it is one
//	2 (saturation)               judgment: the advantage of a line that was shown
//	0.4 to 2 (saturation)        definition: the time constants, in lengths, that the search does not try; at 2 a
//	                             curve departs from its chord by a sixteenth of its rise, hardly different from it
//	8 deviations, 1/5 (drops)    judgment: how deep a drop must be to be taken for a restart
//	1/2, factor 1.75 (restarts)  judgment: an unmarked fall loses more than half, at uneven distances, or it may be a tooth
//	1/20 or 10 min (before a fall)  judgment: how long growth must have lasted before a fall that leaves less than half
//	                             of what there was, or of the beginning; before others, a quarter
//	24 lifetimes, 30 points      judgment: with fewer restarts, each lifetime with this number of points is judged, however short
//	5 steps, 1/20 (zeros)        judgment: zeros further from the rest than an outlier, and too few to show anything, are gaps
//	1/5 (return)                 judgment: what may remain of a rise after a drop to its beginning
//	last 1/5, 1/2 (ceiling)      judgment: where growth must end, and how long it must have lasted, to have filled
//	                             something up to a limit that is not known
//	1/2 (another lifetime)       judgment: what another lifetime must have risen for both to be one warm-up or wave
//	1 %, 25 % (scatter)          judgment: of a leak's rates from restart to restart, and of the teeth of a sawtooth;
//	                             odds of 20 to 1 (margin) between the two
//	3:6:1 (prior of the noise)   chosen by simulated days of noise and by short runs of counts
//	30 points or two minutes     of a heap before an alarm, unless it is what collections leave: Go collects at least
//	                             every two minutes, so less may be one tooth; the points were chosen by simulated sawtooths
//	0.01 (trusted tail)          chosen by short runs of counts
package detect
