// Package bench measures protocols against each other: the performance table
// that proxies are judged by.
//
// Its opinion: a figure alone says more of the machine than of the protocol. So
// all contenders are measured in turn, round by round, in one run, with direct
// TCP and a plain TCP relay among them, and a ratio is the median of the ratios
// within each round: what disturbs a whole round falls out. Every median comes
// with a 95 % interval from order statistics, which assumes nothing of the
// distribution and needs six rounds; with fewer there is no interval, and
// nothing is met. The load is a closed loop, as throughput and service times
// need (package load has the open one), and every byte is verified.
//
// Server and client are separate processes, so that CPU time and memory can be
// attributed to each. This package holds what is pure, the client's side of the
// measuring, and the order of the rounds; it starts no process.
package bench
