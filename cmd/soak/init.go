package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"soakmon/soak/peer"
	"soakmon/soak/plan"
)

func initCommand(s streams) *cobra.Command {
	var output string
	var list bool
	cmd := &cobra.Command{
		Use:   "init [SERVER]",
		Short: "Create a commented plan, or a folder with everything to test a real server",
		Long: `Create a commented plan, or a folder with everything to test a real server.

Without SERVER, soak init writes a plan that shows every key to standard output or
to the file named by -o. With SERVER, it creates a folder (SERVER, or the one
named by -o) with a plan, the configuration of the server and new keys; start it
with soak run FOLDER. The servers:

` + setupTable("  "),
		Example: `  soak init -o nightly.yaml
  soak init sing-box-hysteria2 && soak run sing-box-hysteria2`,
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: setupNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case list:
				fmt.Fprint(s.out, setupTable(""))
				return nil
			case len(args) == 0:
				return writeTemplate(s, output)
			case !cmd.Flags().Changed("output"):
				output = args[0]
			}
			return writeSetup(s, args[0], output)
		},
	}
	outputFlag(cmd, &output)
	cmd.Flags().BoolVar(&list, "list", false, "list the servers")
	return cmd
}

func writeTemplate(s streams, file string) error {
	out, err := createOutput(s, file)
	if err != nil {
		return err
	}
	_, err = out.Write(plan.Template())
	return errors.Join(err, out.Close())
}

// writeSetup writes a setup's folder and says what to do next.
func writeSetup(s streams, name, folder string) error {
	setup, err := peer.Lookup(name)
	if err != nil {
		return err
	}
	if folder == "-" {
		return errors.New("a server needs several files: name their folder with -o")
	}
	files, err := setup.Write(folder)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s: %s\n", folder, strings.Join(slices.Sorted(maps.Keys(files)), ", "))
	fmt.Fprintf(s.out, "run it with: soak run %s\n", folder)
	if _, ok := peer.Find(setup.Program.Name); !ok {
		fmt.Fprintf(s.err, "soak: %s is not installed: install it with %s\n", setup.Program.Name, setup.Program.Get)
	}
	return nil
}

func setupNames() []string {
	var names []string
	for _, s := range peer.Setups() {
		names = append(names, s.Name)
	}
	return names
}

// setupTable lists the setups, each line after an indentation.
func setupTable(indent string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, s := range peer.Setups() {
		fmt.Fprintf(w, "%s%s\t%s\n", indent, s.Name, s.Help)
	}
	_ = w.Flush() // a strings.Builder takes everything
	return b.String()
}
