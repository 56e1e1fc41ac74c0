package peer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"soakmon/soak/plan"
)

// object is a JSON object.
type object = map[string]any

// variant is one way to speak a protocol: a listener of a server, and the loads
// that drive it.
type variant struct {
	name     string
	protocol string                    // of the loads
	udp      bool                      // it relays datagrams as well
	options  func(s *secrets) []string // of the loads, YAML of the flow style
}

const (
	password = `password: "file:` + passwordFile + `"`
	authStr  = `auth_str: "file:` + passwordFile + `"`
	userID   = `uuid: "file:` + uuidFile + `"`
	obfs     = `"file:` + obfsFile + `"`
	sni      = "sni: " + serverName
	ca       = `ca: "file:` + certFile + `"`
)

func fixed(options ...string) func(*secrets) []string {
	return func(*secrets) []string { return options }
}

func echConfig(s *secrets) string { return fmt.Sprintf("ech_config: %q", s.echConfig) }

var variants = []variant{
	{"hysteria", "hysteria", true, fixed(authStr, sni, ca)},
	{"hysteria-xplus", "hysteria", true, fixed(authStr, "obfs: "+obfs, sni, ca)},
	{"hysteria2", "hysteria2", true, fixed(password, sni, ca)},
	{"hysteria2-salamander", "hysteria2", true, fixed(password, "obfs: {type: salamander, password: "+obfs+"}", sni, ca)},
	{"tuic", "tuic", true, fixed(userID, password, sni, ca)},
	{"reality", "reality", true, func(s *secrets) []string {
		return []string{userID, fmt.Sprintf("public_key: %q", s.reality.public), fmt.Sprintf("short_id: %q", s.reality.shortID), sni}
	}},
	{"trojan-ech", "ech", false, func(s *secrets) []string {
		return []string{"inner: trojan", password, echConfig(s), sni, ca}
	}},
	{"vless-ech", "ech", true, func(s *secrets) []string {
		return []string{"inner: vless", userID, echConfig(s), sni, ca}
	}},
}

// proxy is a program that serves variants.
type proxy struct {
	program   Program
	arguments []string // the last one is the name of its configuration's file
	listeners map[string]func(s *secrets, port, decoy int) object
	whole     func(s *secrets, listeners []object, decoy, debug int) object
}

func (p proxy) setup(name, help string, names ...string) Setup {
	return Setup{Name: name, Help: help, Program: p.program, make: func(name string) (Files, error) {
		s, err := newSecrets()
		if err != nil {
			return nil, err
		}
		return p.files(planText{Name: name, Help: help}, s, names)
	}}
}

// files are those of a proxy that serves the variants of these names.
func (p proxy) files(text planText, s *secrets, names []string) (Files, error) {
	ports, err := freePorts(len(names) + 2)
	if err != nil {
		return nil, err
	}
	decoy, debug := ports[0], ports[1]
	var listeners []object
	for i, name := range names {
		port := ports[i+2]
		listeners = append(listeners, p.listeners[name](s, port, decoy))
		text.add(variantOf(name), port, s)
	}
	path, _ := Find(p.program.Name)
	text.Command, text.Debug = append([]string{path}, p.arguments...), loopback(debug)
	planned, err := text.render()
	config, jsonErr := json.MarshalIndent(p.whole(s, listeners, decoy, debug), "", "  ")
	files := s.filesIn(planned, config)
	files[plan.InFolder] = planned
	files[p.arguments[len(p.arguments)-1]] = append(config, '\n')
	return files, errors.Join(err, jsonErr)
}

func variantOf(name string) variant {
	for _, v := range variants {
		if v.name == name {
			return v
		}
	}
	panic("no variant " + name)
}

func flow(options []string) string { return "{" + strings.Join(options, ", ") + "}" }
