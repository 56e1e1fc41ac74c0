package soak

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// LabelName names a metric with labels, given as key, value, key, value, …:
// LabelName("sockets", "state", "close_wait") is `sockets{state="close_wait"}`.
// Labels are sorted by key; values are quoted as Go strings. Without labels it is
// the family itself. It panics if a key has no value.
func LabelName(family string, labels ...string) string {
	if len(labels) == 0 {
		return family
	}
	pairs := slices.Collect(slices.Chunk(labels, 2))
	slices.SortStableFunc(pairs, func(a, b []string) int { return cmp.Compare(a[0], b[0]) })
	name := append(make([]byte, 0, 64), family...)
	for i, pair := range pairs {
		name = append(name, "{,"[min(i, 1)])
		name = append(append(name, pair[0]...), '=')
		name = strconv.AppendQuote(name, pair[1])
	}
	return string(append(name, '}'))
}

// Family is a metric's name without its labels.
func Family(name string) string {
	family, _, _ := strings.Cut(name, "{")
	return family
}

// Label is the value of the label key in a metric's name, empty if there is none.
func Label(name, key string) string {
	for k, v := range Labels(name) {
		if k == key {
			return v
		}
	}
	return ""
}

// Labels yields the labels of a metric's name, as [LabelName] writes them. It
// stops at the first text that cannot be parsed as a label.
func Labels(name string) iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		_, rest, _ := strings.Cut(name, "{")
		for {
			key, after, ok := strings.Cut(rest, "=")
			if !ok {
				return
			}
			quoted, err := strconv.QuotedPrefix(after)
			if err != nil {
				return
			}
			value, err := strconv.Unquote(quoted)
			if err != nil || !yield(key, value) {
				return
			}
			rest = strings.TrimPrefix(after[len(quoted):], ",")
		}
	}
}
