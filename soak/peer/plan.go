package peer

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"strings"
	"text/template"
)

//go:embed plan.yaml.tmpl
var planTemplate string

// planText is what the plan of a setup says.
type planText struct {
	Name, Help string
	Command    []string
	Debug      string // HOST:PORT where a Go server serves /debug/pprof/
	Ready      string // where it does not: when it is ready, in YAML's flow style
	Loads      []planLoad
}

// planLoad is one load of a plan; Where, Dirty and Options are YAML.
type planLoad struct {
	Name, Protocol string
	Where          string // address or url
	UDP            bool
	Rate           int // operations a second; 0: its share of all
	Dirty, Options string
}

// totalRate is that of all loads of a plan together, in operations a second.
const totalRate = 300

func (p planText) render() ([]byte, error) {
	for i := range p.Loads {
		p.Loads[i].Rate = cmp.Or(p.Loads[i].Rate, totalRate/len(p.Loads))
	}
	return render(planTemplate, p)
}

// CommandLine is the command in YAML's flow style.
func (p planText) CommandLine() (string, error) {
	b, err := json.Marshal(p.Command)
	return strings.ReplaceAll(string(b), `","`, `", "`), err
}

func render(text string, data any) ([]byte, error) {
	t, err := template.New("").Parse(text)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, data)
	return b.Bytes(), err
}

// add adds the loads of a variant.
func (p *planText) add(v variant, port int, s *secrets) {
	l := planLoad{
		Name: v.name, Protocol: v.protocol, Where: "address: " + loopback(port),
		Options: flow(v.options(s)), Dirty: dirtyOf[v.protocol],
	}
	p.Loads = append(p.Loads, l)
	if v.udp {
		l.Name, l.UDP, l.Dirty = v.name+"-udp", true, ""
		p.Loads = append(p.Loads, l)
	}
}

// dirtyOf makes 5 % of the sessions of a protocol dirty, on the paths on which
// servers leak.
var dirtyOf = map[string]string{
	"hysteria":  "{silent: 1%, half_open: 1%, abort: 1%, stream_reset: 1%, bad_auth: 1%}",
	"hysteria2": "{silent: 1%, half_open: 1%, abort: 1%, stream_reset: 1%, bad_auth: 1%}",
	"tuic":      "{silent: 1%, half_open: 1%, abort: 1%, stream_reset: 1%, bad_auth: 1%}",
	"reality":   "{rst: 1%, handshake_rst: 1%, half_open: 1%, silent: 1%, bad_auth: 1%}",
	"ech":       "{rst: 1%, handshake_rst: 1%, half_open: 1%, silent: 1%, bad_auth: 1%}",
	"ssh":       "{rst: 1%, half_open: 1%, silent: 1%, abort: 1%, bad_auth: 1%}",
	"http":      "{rst: 1%, half_open: 1%, silent: 1%, abort: 1%, slow_reader: 1%}",
}
