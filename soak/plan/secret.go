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

// Shorter texts are not searched for in other texts, since they would match
// ordinary words. A literal value in the plan is often not a secret at all
// (`auth: none`), so it must be longer than one from a variable or a file.
const (
	shortestSecret  = 4
	shortestLiteral = 6
)

// maxSecretFile bounds a file: value in bytes.
const maxSecretFile = 64 << 10

// secretWords are the words that make the value of a key a secret.
var secretWords = []string{"password", "passwd", "token", "secret", "key", "uuid", "auth", "cookie", "credential", "obfs"}

// secretKey reports whether a key names a secret: "password", "private_key",
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
// certificate authority, and records the secrets that must not be written.
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

// readFile reads a regular file without its final line feed.
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
		return "", fmt.Errorf("cannot read the file: %s is not a regular file", path)
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
		return "", fmt.Errorf("cannot read the file: %s is larger than 64 KiB, is it the right one?", path)
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}

var variable = regexp.MustCompile(`\$?\$\{([^}]*)(\}?)`)
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand replaces ${NAME} by environment variables and also returns their values;
// $${ is a literal ${.
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
		return "", errors.New("invalid variable: use ${NAME}, or $${ for a literal ${")
	}
	value, ok := os.LookupEnv(name)
	if !ok {
		return "", fmt.Errorf("environment variable %s is not set: set it, or use $${%s} for the literal text", name, name)
	}
	return value, nil
}
