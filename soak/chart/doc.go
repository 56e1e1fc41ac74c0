// Package chart says what the charts of a run are and reduces its series to
// what a screen can show.
//
// A day at one sample a second is 86,400 points a series and a screen has some
// 600 columns, so a stretch of the run is cut into that many buckets of equal
// width, and of each the mean, the least and the greatest value are kept: no
// spike is lost, however short. The widths are multiples of the run's interval
// and the buckets lie on the ticks, so that a bucket does not look empty because
// a tick came a millisecond late.
//
// Everything here is a pure function of the stored series.
package chart
