package contender

import (
	"context"
	"encoding/json"
	"fmt"

	"soakmon/soak"
	"soakmon/soak/bench"
	"soakmon/soak/peer"
	"soakmon/soak/protocol"
	"soakmon/soak/supervise"
)

// socksProtocol is what soak speaks to another program's client.
const socksProtocol = "socks"

// foreignClients are the programs that can be clients, with what writes their
// configuration.
var foreignClients = map[string]func(folder string, loads []soak.Workload) (peer.Client, error){
	"sing-box": peer.SingBoxClient,
	"xray":     peer.XrayClient,
}

// behindClient is a server that is reached through another program's client.
type behindClient struct {
	*serverProcess
	load soak.Workload
}

// Load implements [bench.Server].
func (s behindClient) Load() soak.Workload { return s.load }

// foreign puts another program between our client and a server: it speaks the
// protocol and we speak SOCKS5 to it. Its CPU time is the client's. The server's
// memory is measured with our own client alone, since nobody else's connections
// can be required to be new.
func (b *Set) foreign(ctx context.Context, subject bench.Subject, server *serverProcess) (none bench.Contender, err error) {
	which := parseProgram(subject.Client)
	if anew(server.load) {
		return none, fmt.Errorf("%s keeps one connection for all its sessions: nothing to set against connections: new", which.name)
	}
	write := foreignClients[which.name] // it is one of them: check has seen to that
	dir, err := b.folder()
	if err != nil {
		return none, err
	}
	client, err := write(dir, []soak.Workload{server.load})
	if err != nil {
		return none, err
	}
	if which.path != "" {
		client.Target.Command[0] = which.path
	}
	target, err := supervise.NewTarget(ctx, client.Target, supervise.TargetOptions{})
	if err != nil {
		return none, err
	}
	b.later(func() error { return target.Close(context.Background()) })
	process, _ := target.Process()
	speaker, err := b.client(ctx, process)
	if err != nil {
		return none, err
	}
	through := behindClient{server, soak.Workload{Name: server.load.Name, Protocol: socksProtocol, Address: client.SOCKS[0], Destination: server.load.Destination}}
	spoken, _ := protocol.Lookup(subject.Protocol)
	shared := spoken.HasOption("connections") // and other clients share one always
	return bench.Contender{Subject: subject, Client: speaker, Server: through, Streams: true, Shared: shared, OnlyShared: shared, NoMemory: true}, nil
}

// anew reports whether a load asks for a connection of its own for each session.
func anew(w soak.Workload) bool {
	var o struct {
		Connections string `json:"connections"`
	}
	return json.Unmarshal(w.Options.JSON, &o) == nil && o.Connections == "new"
}
