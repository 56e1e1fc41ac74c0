package bench

import (
	"context"

	"soakmon/soak"
)

// OwnClient is the name of soak as a client.
const OwnClient = "soak"

// Subject names a contender: a protocol through a server by a client.
type Subject struct {
	Name     string `json:"name"`     // of the row
	Load     string `json:"load"`     // the protocol, or what a plan calls this way to speak it
	Protocol string `json:"protocol"` // name in the protocol registry
	Server   string `json:"server"`   // "builtin", a program or a plan
	Client   string `json:"client"`   // "soak", or the program that is the client
}

// Contender is a subject that is ready to be measured.
type Contender struct {
	Subject
	Client Side
	Server Server

	Streams    bool // it carries transfers in one direction; else only both ways
	Shared     bool // its sessions share a connection unless the option connections says new
	OnlyShared bool // and that option cannot be given: whole connections are not measured
	OnlyOneWay bool // it does transfers in one direction and nothing else

	// Fresh starts another server for one measurement of memory, which that of
	// transfers would spoil. It may be nil: then memory is measured once, before
	// all else.
	Fresh func(ctx context.Context) (Server, error)
	// NoMemory leaves memory out.
	NoMemory bool
	// Broken says why it cannot be measured; all else is then left out.
	Broken error
}

// Side is the processes of one side.
type Side interface {
	// Do gives the client an order and waits for its reading.
	Do(ctx context.Context, o Order) (Reading, error)
	// CPU is the time that the side has used, in seconds.
	CPU() (float64, error)
}

// Server is a server that runs.
type Server interface {
	Load() soak.Workload // what a client opens to reach the destination through it
	CPU() (float64, error)
	// Memory is the private memory of its processes in bytes. collect asks for a
	// garbage collection before, where that is possible.
	Memory(ctx context.Context, collect bool) (float64, error)
	Close() error
}
