package plan

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"soakmon/soak"
)

// redacted replaces a secret.
const redacted = "REDACTED"

// plainKeys are keys of a plan whose values are soak's own words. They stay
// readable even if a secret happens to be the same word.
var plainKeys = []string{"name", "protocol", "embedded", "network", "type", "kind", "kinds", "per", "text", "metric", "process", "severity", "overlap", "schedule", "time_zone", "file"}

// Redact returns the plan without its secrets, for the store and for reports.
// Secrets are the texts in Plan.Secrets; the values of keys, flags and variables
// whose name contains password, passwd, token, secret, key, uuid, auth, cookie,
// credential or obfs; the user info and query of URLs. Each is replaced by
// REDACTED. The lines of options and the list of secrets are left out. Of a plan
// that is not valid JSON (because of broken options) only the name remains.
func Redact(p soak.Plan) soak.Plan {
	bare := soak.Plan{Name: p.Name}
	data, err := json.Marshal(p)
	if err != nil {
		return bare
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return bare
	}
	clean := redactor{scrub: Scrub(p)}
	if data, err = json.Marshal(clean.value("", tree, false)); err != nil {
		return bare
	}
	var out soak.Plan
	if err := json.Unmarshal(data, &out); err != nil {
		return bare
	}
	return out
}

type redactor struct{ scrub func(string) string }

// value redacts the value of a key. In free blocks the keys are not soak's own
// (options, environment): there, every value under a key that names a secret is
// one.
func (r redactor) value(key string, v any, free bool) any {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			name := k
			if free && secretKey(key) {
				name = key
			}
			v[k] = r.value(name, inner, free || k == "json" || k == "env")
		}
	case []any:
		if key == "command" && !free {
			return r.command(v)
		}
		for i, inner := range v {
			v[i] = r.value(key, inner, free)
		}
	case string:
		if !free && slices.Contains(plainKeys, key) {
			return v
		}
		return r.text(key, v)
	case json.Number:
		if free && secretKey(key) {
			return redacted
		}
	}
	return v
}

func (r redactor) text(key, text string) string {
	if secretKey(key) && text != "" {
		return redacted
	}
	return redactURL(r.scrub(text))
}

// command redacts `--password=x`, `--password x` and `PASSWORD=x`.
func (r redactor) command(words []any) []any {
	secretNext := false
	for i, w := range words {
		word, _ := w.(string)
		name, value, assigned := strings.Cut(word, "=")
		switch {
		case secretNext && !strings.HasPrefix(word, "-"):
			words[i] = redacted
		case assigned && !strings.Contains(name, "://"):
			words[i] = r.scrub(name) + "=" + r.text(name, value)
		default:
			words[i] = r.text("", word)
		}
		secretNext = strings.HasPrefix(word, "-") && !assigned && secretKey(word)
	}
	return words
}

// redactURL removes user info and query from a text that is a URL.
func redactURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return text
	}
	if u.User != nil {
		u.User = url.User(redacted)
	}
	if u.RawQuery != "" {
		u.RawQuery = redacted
	}
	return u.String()
}

// Scrub returns a function that replaces the plan's secrets in any text, including
// those that are quoted or escaped for a URL.
func Scrub(p soak.Plan) func(string) string {
	var forms []string
	for _, s := range p.Secrets {
		quoted := strconv.Quote(s)
		forms = append(forms, s, url.QueryEscape(s), url.PathEscape(s), quoted[1:len(quoted)-1])
	}
	slices.SortFunc(forms, func(a, b string) int { // longest first: one may be a prefix of another
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	var pairs []string
	for _, form := range slices.Compact(forms) {
		if form != "" {
			pairs = append(pairs, form, redacted)
		}
	}
	return strings.NewReplacer(pairs...).Replace
}
