// Package chart defines the charts of a run and reduces its series to the
// resolution of a screen.
//
// A day at one sample per second is 86,400 points per series, and a screen has
// about 600 columns. So a time range of the run is divided into that many buckets
// of equal width, each with the mean, the minimum and the maximum: even the
// shortest spike stays visible. Widths are multiples of the run's interval and
// buckets are centered on the ticks, so that a bucket does not seem empty because a
// tick came a millisecond late.
//
// Everything here is a pure function of the stored series.
package chart
