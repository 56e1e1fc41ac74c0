package peer

import (
	_ "embed"
	"fmt"
	"os/user"

	"soakmon/soak/plan"
)

func init() {
	register(Setup{Name: "openssh", Help: "OpenSSH with forwarded connections, by key", Program: openSSH, make: openSSHFiles})
}

//go:embed sshd_config.tmpl
var sshdConfig string

//go:embed sshd.sh.tmpl
var sshdScript string

// openSSHFiles are those of a daemon that forwards connections to loopback for
// the user who starts it, and does nothing else.
func openSSHFiles(name string) (Files, error) {
	me, err := user.Current()
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	host, hostLine, err := sshKeys()
	if err != nil {
		return nil, err
	}
	client, clientLine, err := sshKeys()
	if err != nil {
		return nil, err
	}
	config, err := render(sshdConfig, map[string]any{"Port": ports[0], "User": me.Username})
	if err != nil {
		return nil, err
	}
	path, _ := Find(openSSH.Name)
	script, err := render(sshdScript, map[string]any{"Path": path})
	if err != nil {
		return nil, err
	}
	text := planText{
		Name: name, Help: "OpenSSH with forwarded connections",
		Command: []string{"sh", "sshd.sh"}, Ready: fmt.Sprintf("{listen: %s}", loopback(ports[0])),
	}
	// A process is forked for each new connection, so these are fewer.
	for _, l := range []struct {
		connections string
		rate        int
	}{{"shared", 100}, {"new", 20}} {
		text.Loads = append(text.Loads, planLoad{
			Name: "ssh-" + l.connections, Rate: l.rate, Protocol: "ssh", Where: "address: " + loopback(ports[0]), Dirty: dirtyOf["ssh"],
			Options: flow([]string{"user: " + me.Username, `private_key: "file:client_key"`, `host_key: "file:host_key.pub"`, "connections: " + l.connections}),
		})
	}
	planned, err := text.render()
	return Files{
		plan.InFolder: planned, "sshd.sh": script, "sshd_config": config, "authorized_keys": clientLine,
		"host_key": host, "host_key.pub": hostLine, "client_key": client,
	}, err
}
