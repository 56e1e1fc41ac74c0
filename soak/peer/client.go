package peer

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"soakmon/soak"
)

// Client is a program as the client of proxies: for each load it has a SOCKS5
// proxy, and speaks the load's protocol to the load's server.
type Client struct {
	Program Program
	Target  soak.Target // to start it by
	SOCKS   []string    // HOST:PORT, in the order of the loads
}

// outbound are the options of a load, of all protocols.
type outbound struct {
	AuthStr    string   `json:"auth_str"`
	Password   string   `json:"password"`
	UUID       string   `json:"uuid"`
	Obfs       obfsPart `json:"obfs"`
	SNI        string   `json:"sni"`
	ALPN       []string `json:"alpn"`
	CA         string   `json:"ca"`
	PublicKey  string   `json:"public_key"`
	ShortID    string   `json:"short_id"`
	Inner      string   `json:"inner"`
	ECHConfig  string   `json:"ech_config"`
	User       string   `json:"user"`
	PrivateKey string   `json:"private_key"`
	HostKey    string   `json:"host_key"`

	host string
	port int
}

// obfsPart is a password (Hysteria 1), or a block (Hysteria 2).
type obfsPart struct {
	Type     string `json:"type"`
	Password string `json:"password"`
}

// UnmarshalJSON takes both forms.
func (o *obfsPart) UnmarshalJSON(data []byte) error {
	type block obfsPart
	if err := json.Unmarshal(data, &o.Password); err == nil {
		return nil
	}
	return json.Unmarshal(data, (*block)(o))
}

func outboundOf(w soak.Workload) (o outbound, err error) {
	host, port, err := net.SplitHostPort(w.Address)
	if err != nil {
		return o, fmt.Errorf("load %s: %w", w.Name, err)
	}
	o.host = host
	if o.port, err = strconv.Atoi(port); err != nil {
		return o, fmt.Errorf("load %s: %w", w.Name, err)
	}
	if len(w.Options.JSON) > 0 {
		err = json.Unmarshal(w.Options.JSON, &o)
	}
	return o, err
}

// clientProgram makes the configuration of a program as a client.
type clientProgram struct {
	program   Program
	outbounds map[string]func(o outbound) object // by protocol
	whole     func(socks []int, outbounds []object, debug int) object
	env       map[string]string
}

// SingBoxClient writes the configuration of sing-box as the client of the loads
// to a folder.
func SingBoxClient(folder string, loads []soak.Workload) (Client, error) {
	return singBoxAsClient.write(folder, loads)
}

// XrayClient is [SingBoxClient] for Xray, which speaks REALITY and Hysteria 2.
func XrayClient(folder string, loads []soak.Workload) (Client, error) {
	return xrayAsClient.write(folder, loads)
}

func (p clientProgram) write(folder string, loads []soak.Workload) (c Client, err error) {
	ports, err := freePorts(len(loads) + 1)
	if err != nil {
		return c, err
	}
	debug, socks := ports[0], ports[1:]
	var outbounds []object
	for i, w := range loads {
		o, err := outboundOf(w)
		speak, ok := p.outbounds[w.Protocol]
		if err != nil || !ok {
			return c, errors.Join(err, fmt.Errorf("%s cannot be a client of %s", p.program.Name, w.Protocol))
		}
		outbounds = append(outbounds, speak(o))
		c.SOCKS = append(c.SOCKS, loopback(socks[i]))
	}
	config, err := json.MarshalIndent(p.whole(socks, outbounds, debug), "", "  ")
	if err != nil {
		return c, err
	}
	name := filepath.Join(folder, p.program.Name+"-client.json")
	if err := os.WriteFile(name, config, 0o600); err != nil {
		return c, err
	}
	path, _ := Find(p.program.Name)
	pages := "http://" + loopback(debug) + "/debug/pprof/"
	c.Program = p.program
	c.Target = soak.Target{Command: []string{path, "run", "-c", name}, Env: p.env, Pprof: pages, Ready: soak.Ready{URL: pages}}
	return c, nil
}
