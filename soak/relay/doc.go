// Package relay emulates network impairments between a driver and a server: delay,
// jitter, loss, reordering and a bounded rate for UDP; delay, jitter, rate, stalls
// and resets for TCP. Each direction is impaired independently with the same
// settings, so a delay counts twice in a round trip.
//
// # Opinion
//
// Impairments belong in a separate process without privileges: netem
// (tc-netem(8)) needs root and impairs everything on the interface, soak's own
// samples included. All random decisions come from a seeded generator, so two
// runs lose the same datagrams of the same stream of datagrams.
//
// Memory is bounded by the number of flows and of queued bytes. A datagram that
// does not fit is dropped, as by the full queue of a router; TCP bytes that do not
// fit are not read.
//
// # Limits
//
// The relay terminates TCP, so a client's connect returns at once, whatever the
// delay. The bytes it sends are held for a round trip, until a handshake would
// have been over, and then delayed as usual. The first bytes of the server wait
// for one and a half round trips, and a refusal comes after one. So the first
// answer on a new connection comes when it would on such a network, the handshakes
// of TLS, SSH and the like included; only the connect itself seems free.
//
// Delays are exact to about a millisecond. Without impairments, bytes are passed
// on as fast as the kernel can (splice(2), and UDP in trains: UDP_GRO and
// UDP_SEGMENT, udp(7)).
package relay
