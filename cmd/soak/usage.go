package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The headings under which the help of run and watch lists their flags.
const (
	groupTarget  = "Target"
	groupLoad    = "Load"
	groupNetwork = "Network"
	groupVerdict = "Verdict"
	groupOutput  = "Output"
)

var groups = []string{groupTarget, groupLoad, groupNetwork, groupVerdict, groupOutput}

// groupKey annotates a flag with its heading.
const groupKey = "group"

// inGroup defines flags and lists them under a heading.
func inGroup(flags *pflag.FlagSet, group string, define func(*pflag.FlagSet)) {
	set := pflag.NewFlagSet(group, pflag.ContinueOnError)
	define(set)
	set.VisitAll(func(f *pflag.Flag) {
		f.Annotations = map[string][]string{groupKey: {group}}
		flags.AddFlag(f)
	})
}

// flagUsages is the help of a command's flags: in the order of their definition
// and, if they are grouped, under headings.
func flagUsages(cmd *cobra.Command) string {
	sets := map[string]*pflag.FlagSet{}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		name := ""
		if g := f.Annotations[groupKey]; len(g) > 0 {
			name = g[0]
		}
		if sets[name] == nil {
			sets[name] = pflag.NewFlagSet(name, pflag.ContinueOnError)
			sets[name].SortFlags = false
		}
		sets[name].AddFlag(f)
	})
	var out strings.Builder
	for _, name := range append(slices.Clone(groups), "") {
		if sets[name] == nil || !sets[name].HasAvailableFlags() {
			continue
		}
		heading := strings.TrimSpace(name + " flags")
		if name == "" && len(sets) > 1 {
			heading = "other flags"
		}
		fmt.Fprintf(&out, "\n\n%s:\n%s", strings.ToUpper(heading[:1])+heading[1:], strings.TrimRight(sets[name].FlagUsages(), "\n"))
	}
	return quotedDefault.ReplaceAllString(out.String(), "(default $1)")
}

// quotedDefault is how pflag writes the default of a text.
var quotedDefault = regexp.MustCompile(`\(default "([^"]*)"\)`)

// setUsage lets the help of all commands list flags by [flagUsages].
func setUsage(root *cobra.Command) {
	const (
		usual = "\n\nFlags:\n{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}"
		ours  = "{{flagUsages .}}"
	)
	cobra.AddTemplateFunc("flagUsages", flagUsages)
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), usual, ours, 1))
}

// choice is the value of a flag that is one of a few words.
type choice struct {
	value   *string
	allowed []string
	name    string // of the placeholder in the help
}

// String implements [pflag.Value].
func (c *choice) String() string {
	if c.value == nil {
		return ""
	}
	return *c.value
}

// Set implements [pflag.Value].
func (c *choice) Set(text string) error {
	if !slices.Contains(c.allowed, text) {
		return fmt.Errorf("must be one of %v", c.allowed)
	}
	*c.value = text
	return nil
}

// Type implements [pflag.Value].
func (c *choice) Type() string { return c.name }

// formatFlag adds --format, the first of the formats being the default.
func formatFlag(cmd *cobra.Command, format *string, formats ...string) {
	formatFlagIn(cmd.Flags(), format, formats...)
	completeFormat(cmd, formats)
}

func formatFlagIn(flags *pflag.FlagSet, format *string, formats ...string) {
	*format = formats[0]
	flags.Var(&choice{format, formats, "FORMAT"}, "format", "output format: "+strings.Join(formats, ", "))
}

func completeFormat(cmd *cobra.Command, formats []string) {
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
}
