//go:build !linux

package protocol

import "net"

// newBatchSocket makes none: rows of packets are Linux's.
func newBatchSocket(peerSocket, obfuscator) (net.PacketConn, bool) { return nil, false }
