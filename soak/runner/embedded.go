package runner

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"soakmon/soak"
	"soakmon/soak/options"
	"soakmon/soak/protocol"
	"soakmon/soak/supervise"
)

// reference is one reference server of the embedded target: a protocol, with
// what its loads say of it.
type reference struct {
	protocol string
	options  json.RawMessage
}

// references are the servers that the embedded target of a plan consists of: one
// for each protocol and set of options that a load without an address has. of
// gives the one of each load, -1 where it has an address.
func references(p soak.Plan) (all []reference, of []int) {
	for _, w := range p.Load {
		if w.Address != "" || w.URL != "" {
			of = append(of, -1)
			continue
		}
		r := reference{w.Protocol, protocol.ServerOptions(w).JSON}
		i := slices.IndexFunc(all, func(other reference) bool {
			return other.protocol == r.protocol && bytes.Equal(other.options, r.options)
		})
		if i < 0 {
			i = len(all)
			all = append(all, r)
		}
		of = append(of, i)
	}
	if len(all) == 0 {
		for _, name := range p.Target.Embedded {
			all = append(all, reference{protocol: name})
		}
	}
	return all, of
}

// referenceOptions is the variable of the environment in which the embedded
// server is given the options of its protocols, a list of JSON objects: they may
// hold secrets, which a command line would show.
const referenceOptions = "SOAK_REFERENCE_OPTIONS"

// ReferenceSeed is the variable of the environment in which the embedded server is
// given the secret that its keys and credentials are derived from, so that one
// which is started again is the one that the loads know.
const ReferenceSeed = "SOAK_REFERENCE_SEED"

// ServeArgs is the command line of the embedded server that a plan asks for, and
// what to add to its environment.
func ServeArgs(p soak.Plan) (args []string, env map[string]string) {
	all, _ := references(p)
	var names []string
	var settings []json.RawMessage
	for _, r := range all {
		names = append(names, r.protocol)
		settings = append(settings, r.options)
	}
	args = []string{Self(), "serve", strings.Join(names, ","), "--child"}
	for _, l := range p.Target.Leaks {
		args = append(args, "--leak", l.Text)
	}
	data, err := json.Marshal(settings)
	if err != nil {
		return args, map[string]string{} // not valid JSON: the check of the plan has reported it
	}
	return args, map[string]string{referenceOptions: string(data)}
}

// TargetOptions are what the target of a plan is started with.
func TargetOptions(p soak.Plan) supervise.TargetOptions {
	args, env := ServeArgs(p)
	seed := rand.Text()
	env[ReferenceSeed] = seed
	return supervise.TargetOptions{Serve: args, Env: env, Secrets: append(slices.Clone(p.Secrets), seed)}
}

// GivenOptions are the options of n protocols from the environment.
func GivenOptions(n int) ([]soak.Options, error) {
	all := make([]soak.Options, n)
	text := os.Getenv(referenceOptions)
	if text == "" {
		return all, nil
	}
	var settings []json.RawMessage
	if err := json.Unmarshal([]byte(text), &settings); err != nil || len(settings) != n {
		return nil, fmt.Errorf("invalid %s: it must be a list of %d objects", referenceOptions, n)
	}
	for i, s := range settings {
		if string(s) != "null" {
			all[i].JSON = s
		}
	}
	return all, nil
}

// meet points a load at a reference server that has reported its address.
func meet(w *soak.Workload, hello supervise.Hello, number int) error {
	at := hello.Servers()
	if number < 0 || number >= len(at) {
		return fmt.Errorf("load %s has no address: give --address HOST:PORT or --url URL, or address: in the plan", w.Name)
	}
	w.Address = at[number].Address
	var err error
	if w.Options, err = options.Merge(w.Options, soak.Options{JSON: at[number].Options}); err != nil {
		return fmt.Errorf("load %s: %w", w.Name, err)
	}
	return nil
}
