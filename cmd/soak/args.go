package main

import (
	"slices"

	"github.com/spf13/pflag"
)

// displayFlags say how a run is shown and where it is stored; they make no
// difference to what is measured.
var displayFlags = []string{"dir", "format", "web", "addr", "quiet", "help"}

// again is the command line of a run without the flags of its display: the
// command, the plan, the flags in the order of their names, and the target after
// the dash.
func again(command string, flags *pflag.FlagSet, args []string, dash int) []string {
	words := []string{command}
	if dash < 0 {
		dash = len(args)
	}
	words = append(words, args[:dash]...)
	flags.Visit(func(f *pflag.Flag) {
		if slices.Contains(displayFlags, f.Name) {
			return
		}
		switch v := f.Value.(type) {
		case pflag.SliceValue:
			for _, one := range v.GetSlice() {
				words = append(words, "--"+f.Name, one)
			}
		default:
			if f.NoOptDefVal != "" { // a bool takes no word after it
				words = append(words, "--"+f.Name+"="+v.String())
				return
			}
			words = append(words, "--"+f.Name, v.String())
		}
	})
	if dash < len(args) {
		words = append(append(words, "--"), args[dash:]...)
	}
	return words
}
