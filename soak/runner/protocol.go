package runner

import (
	"fmt"

	"soakmon/soak/protocol"
)

// UnknownProtocol is the error for a protocol that is not registered.
func UnknownProtocol(name string) error {
	return fmt.Errorf("unknown protocol %q: use one of %v", name, protocol.Names())
}

// AnyPort is a free port of loopback.
const AnyPort = "127.0.0.1:0"
