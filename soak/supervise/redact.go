package supervise

import (
	"regexp"
	"strings"
)

// hidden stands for a secret in what is shown or stored.
const hidden = "[hidden]"

const secretWord = `(?i:pass(?:w|phrase)|pwd|token|secret|credential|key)`

var (
	secretFlag  = regexp.MustCompile(`^--?[\w.-]*` + secretWord + `[\w.-]*$`)                                         // its value is the next argument
	secretValue = regexp.MustCompile(`([\w.-]*` + secretWord + `[\w.-]*=|--?[\w.-]*` + secretWord + `[\w.-]*\s+)\S+`) // within one argument
	userInfo    = regexp.MustCompile(`(://)[^/@\s]+@`)
)

// redact hides values that look like secrets by the name of their flag or
// variable, and the user information of URLs. It errs on the hiding side.
func redact(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		if i > 0 && secretFlag.MatchString(args[i-1]) && !strings.HasPrefix(a, "-") {
			out[i] = hidden
			continue
		}
		a = secretValue.ReplaceAllString(a, "${1}"+hidden)
		out[i] = userInfo.ReplaceAllString(a, "${1}"+hidden+"@")
	}
	return out
}

// scrubber hides the values that are known to be secret.
func scrubber(secrets []string) *strings.Replacer {
	var pairs []string
	for _, s := range secrets {
		if s != "" {
			pairs = append(pairs, s, hidden)
		}
	}
	return strings.NewReplacer(pairs...)
}
