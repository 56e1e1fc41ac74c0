// Package relay stands between a driver and a server and worsens the network:
// delay, jitter, loss, reordering and a bounded rate for UDP; delay, rate, stalls
// and resets for TCP. Both directions are treated alike and apart, so a delay
// counts twice in a round trip.
//
// # Opinion
//
// Conditions belong into a process of their own that needs no privileges: netem
// (tc-netem(8)) needs root and worsens everything on the interface, our own
// samples with it. What chance decides comes from a seeded generator, so two runs
// lose the same datagrams of the same stream of datagrams.
//
// Memory is bounded: so many flows, so many bytes that wait. What does not fit
// is dropped, as a full queue of a router drops it; on TCP it is not read.
//
// # Limits
//
// TCP is ended and begun anew: handshakes are not delayed, only what is said
// after them. Delays are exact to about a millisecond. Where nothing is to be
// worsened, bytes are passed on as fast as the kernel can (splice(2), and UDP in
// trains: UDP_GRO and UDP_SEGMENT, udp(7)).
package relay
