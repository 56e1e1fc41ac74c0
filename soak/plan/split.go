package plan

import (
	"errors"
	"fmt"
	"strings"
)

// split cuts a command line into words as a POSIX shell quotes them (POSIX.1,
// Shell Command Language, 2.2). There is no shell behind it: what only a shell
// would understand is refused instead of being passed on as a word.
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
			return "", "", fmt.Errorf(`%q needs a shell, and none is used; quote it, or write [sh, -c, "…"]`, string(c))
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String(), "", nil
}

// quoted reads a quoted part and tells its length, quotes included.
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
	return 0, errors.New("a quote is not closed")
}
