package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"soakmon/soak/indent"
	"soakmon/soak/protocol"
	"soakmon/soak/runner"
)

// protocolInfo is what is said of a protocol.
type protocolInfo struct {
	Name     string            `json:"name"`
	Help     string            `json:"help"`
	Networks []string          `json:"networks"` // the default first
	Proxy    bool              `json:"proxy"`    // its loads have a destination behind the server
	Dirty    []string          `json:"dirty"`
	Options  map[string]string `json:"options"` // help, by name
	Schema   []optionInfo      `json:"schema"`
}

// optionInfo is an option as its schema describes it.
type optionInfo struct {
	Name    string        `json:"name"`
	Type    string        `json:"type"`
	Default string        `json:"default,omitempty"`
	Values  []string      `json:"values,omitempty"` // the values allowed; absent: any of the type
	Side    protocol.Side `json:"side"`
	Help    string        `json:"help"`
}

func protocolsCommand(s streams) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "protocols [NAME…]",
		Short: "List the protocols that soak can drive and serve, or one with its options",
		Example: `  soak protocols
  soak protocols hysteria2`,
		RunE: func(_ *cobra.Command, names []string) error {
			all, err := describeProtocols(names)
			switch {
			case err != nil:
				return err
			case format == "json":
				return indent.JSON(s.out, all)
			case len(names) > 0:
				for _, p := range all {
					writeProtocol(s.out, p)
				}
				return nil
			}
			return listProtocols(s.out, all)
		},
	}
	formatFlag(cmd, &format, "text", "json")
	return cmd
}

// describeProtocols describes the named protocols, or all.
func describeProtocols(names []string) (all []protocolInfo, err error) {
	if len(names) == 0 {
		names = protocol.Names()
	}
	for _, name := range names {
		p, ok := protocol.Lookup(name)
		if !ok {
			return nil, runner.UnknownProtocol(name)
		}
		info := protocolInfo{Name: name, Help: p.Help, Networks: p.Networks, Proxy: p.Proxy, Dirty: p.Dirty, Options: map[string]string{}}
		for _, o := range p.Options {
			info.Options[o.Name] = o.Help
			info.Schema = append(info.Schema, optionInfo{o.Name, o.Type, o.Default, o.Values, o.Side, o.Help})
		}
		all = append(all, info)
	}
	return all, nil
}

func listProtocols(w io.Writer, all []protocolInfo) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "PROTOCOL\tNETWORK\tWHAT")
	for _, p := range all {
		fmt.Fprintf(tw, "%s\t%s\t%s\n", p.Name, strings.Join(p.Networks, ", "), p.Help)
	}
	fmt.Fprintln(tw, "\nsoak protocols NAME shows options and kinds of dirty sessions.")
	return tw.Flush()
}

func writeProtocol(w io.Writer, p protocolInfo) {
	fmt.Fprintf(w, "%s: %s\n\n", p.Name, p.Help)
	fmt.Fprintf(w, "  network       %s\n", strings.Join(p.Networks, ", "))
	if p.Proxy {
		fmt.Fprintf(w, "  destination   HOST:PORT behind the server; an echo of soak's own by default\n")
	}
	fmt.Fprintf(w, "  dirty         %s\n", strings.Join(p.Dirty, ", "))
	if len(p.Schema) > 0 {
		fmt.Fprintf(w, "\n  options (in a plan under options:, or --option KEY=VALUE)\n")
		tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(tw, "    OPTION\tTYPE\tDEFAULT\tSIDE\tMEANING")
		for _, o := range p.Schema {
			help := o.Help
			if len(o.Values) > 0 {
				help += " (" + strings.Join(o.Values, ", ") + ")"
			}
			fmt.Fprintf(tw, "    %s\t%s\t%s\t%s\t%s\n", o.Name, o.Type, cmp.Or(o.Default, "-"), o.Side, help)
		}
		tw.Flush()
	}
	fmt.Fprintln(w)
}
