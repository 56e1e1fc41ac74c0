package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"
)

// outputFlag adds -o.
func outputFlag(cmd *cobra.Command, output *string) {
	cmd.Flags().StringVarP(output, "output", "o", "-", "write to `FILE`; - is standard output")
}

// openOutput opens the file that -o names, or standard output.
func openOutput(s streams, name string) (io.WriteCloser, error) {
	if name == "-" {
		return keepOpen{s.out}, nil
	}
	return os.Create(name)
}

// createOutput is openOutput for files that a person may have edited: it never
// overwrites one.
func createOutput(s streams, name string) (io.WriteCloser, error) {
	if name == "-" {
		return keepOpen{s.out}, nil
	}
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}

// keepOpen is a stream that is not ours to close.
type keepOpen struct{ io.Writer }

func (keepOpen) Close() error { return nil }
