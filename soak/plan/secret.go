package plan

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Texts shorter than this are not looked for in other texts: they would hit
// ordinary words. What stands literally in the plan is often no secret at all
// (`auth: none`) and must be longer than what was handed in from outside.
const (
	shortestSecret  = 4
	shortestLiteral = 6
)

// maxSecretFile bounds a file: value in bytes.
const maxSecretFile = 64 << 10

// secretWords in a key make its value a secret.
var secretWords = []string{"password", "passwd", "token", "secret", "key", "uuid", "auth", "cookie", "credential", "obfs"}

// secretKey tells whether a key names a secret: "password", "private_key",
// "auth_str", "X-Api-Key", "DB_PASSWORD".
func secretKey(key string) bool {
	key = strings.ToLower(key)
	for _, w := range secretWords {
		if strings.Contains(key, w) {
			return true
		}
	}
	return false
}

// lastKey of "load[0].options.headers.cookie[1]" is "cookie".
func lastKey(field string) string {
	field, _, _ = strings.Cut(field[strings.LastIndexByte(field, '.')+1:], "[")
	return field
}

// reveal replaces ${NAME}, and file:PATH under keys that name a secret or the
// certificate authority, and notes what must not be written out.
func (r *reader) reveal(text, field string) string {
	key := lastKey(field)
	isSecret := secretKey(key)
	if path, ok := strings.CutPrefix(text, "file:"); ok && (isSecret || key == "ca") {
		content, err := r.readFile(path)
		if err != nil {
			r.fail(field, "%v", err)
			return ""
		}
		if isSecret {
			r.hide(content, shortestSecret)
		}
		return content
	}
	text, values, err := expand(text)
	if err != nil {
		r.fail(field, "%v", err)
		return ""
	}
	for _, v := range values {
		r.hide(v, shortestSecret)
	}
	if isSecret {
		r.hide(text, shortestLiteral)
	}
	return text
}

func (r *reader) hide(text string, shortest int) {
	if len(text) >= shortest {
		r.secrets = append(r.secrets, text)
	}
}

// readFile reads a regular file, without the line feed at its end.
func (r *reader) readFile(path string) (string, error) {
	path, _, err := expand(path)
	if err != nil {
		return "", err
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.dir, path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("cannot read the file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("cannot read the file: %s is no regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("cannot read the file: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("cannot read the file: %w", err)
	case len(data) > maxSecretFile:
		return "", fmt.Errorf("%s is larger than 64 KiB; is it the right file?", path)
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}

var variable = regexp.MustCompile(`\$?\$\{([^}]*)(\}?)`)
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand replaces ${NAME} by the environment's variables, which it gives as
// well; $${ stands for a plain ${.
func expand(text string) (expanded string, values []string, err error) {
	expanded = variable.ReplaceAllStringFunc(text, func(match string) string {
		if rest, escaped := strings.CutPrefix(match, "$$"); escaped {
			return "$" + rest
		}
		part := variable.FindStringSubmatch(match)
		value, missing := lookup(part[1], part[2] != "")
		err = cmp.Or(err, missing)
		values = append(values, value)
		return value
	})
	return expanded, values, err
}

func lookup(name string, closed bool) (string, error) {
	if !closed || !variableName.MatchString(name) {
		return "", errors.New("${ begins a variable, as in ${NAME}; write $${ for a plain ${")
	}
	value, ok := os.LookupEnv(name)
	if !ok {
		return "", fmt.Errorf("the environment has no variable %s; set it, or write $${%s} for the plain text", name, name)
	}
	return value, nil
}
