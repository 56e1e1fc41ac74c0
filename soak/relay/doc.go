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
// TCP is ended and begun anew, so a client's connect returns at once, whatever the
// delay. What it says is held until a handshake would have been over: a round
// trip, and then the delay as ever. What the server says first waits for a round
// trip and a half, and a refusal comes after a round trip. So the first answer on
// a new connection comes when it would on such a network, with the handshakes of
// TLS, SSH and the like on top; only the connect itself seems free. Delays are exact to about a millisecond. Where nothing is to be
// worsened, bytes are passed on as fast as the kernel can (splice(2), and UDP in
// trains: UDP_GRO and UDP_SEGMENT, udp(7)).
package relay
