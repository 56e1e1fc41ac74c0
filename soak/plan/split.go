package plan

import (
	"errors"
	"fmt"
	"strings"
)

// split splits a command line into words with the quoting of a POSIX shell
// (POSIX.1, Shell Command Language, 2.2). No shell runs the command, so syntax
// that needs one is an error instead of a word.
func split(line string) ([]string, error) {
	var words []string
	for rest := strings.TrimLeft(line, " \t\n"); rest != ""; rest = strings.TrimLeft(rest, " \t\n") {
		word, after, err := firstWord(rest)
		if err != nil {
			return nil, err
		}
		words, rest = append(words, word), after
	}
	return words, nil
}

func firstWord(line string) (word, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(line); {
		switch c := line[i]; {
		case strings.IndexByte(" \t\n", c) >= 0:
			return b.String(), line[i:], nil
		case c == '\'' || c == '"':
			n, err := quoted(&b, line[i:])
			if err != nil {
				return "", "", err
			}
			i += n
		case c == '\\' && i+1 < len(line):
			b.WriteByte(line[i+1])
			i += 2
		case strings.IndexByte("|&;<>`", c) >= 0 || strings.HasPrefix(line[i:], "$("):
			return "", "", fmt.Errorf(`%q needs a shell, and soak uses none: quote it, or use [sh, -c, "…"]`, string(c))
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String(), "", nil
}

// quoted reads a quoted part and returns its length, including the quotes.
func quoted(b *strings.Builder, line string) (int, error) {
	quote := line[0]
	for i := 1; i < len(line); i++ {
		switch {
		case line[i] == quote:
			return i + 1, nil
		case line[i] == '\\' && quote == '"' && i+1 < len(line) && strings.IndexByte(`"\$`+"`", line[i+1]) >= 0:
			i++
		}
		b.WriteByte(line[i])
	}
	return 0, errors.New("missing closing quote: add it, or escape the quote with a backslash")
}
