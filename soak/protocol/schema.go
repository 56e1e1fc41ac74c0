package protocol

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"soakmon/soak"
	"soakmon/soak/options"
)

// Side is the side of a connection that reads an option.
type Side string

// The sides. A load may set options of either side: each side ignores what only
// the other one reads.
const (
	SideClient Side = "client"
	SideServer Side = "server"
	SideBoth   Side = "both"
)

// Option describes one key of a protocol's options. It is the only source of
// decoding, checks and help.
type Option struct {
	Name    string
	Type    string   // string, bool, int, duration, list or map
	Default string   // in the notation of a plan; "" where there is none, or where Help says how it is chosen
	Values  []string // the values allowed, of a list for each of its items; empty: any of the type
	Side    Side
	Help    string

	target any // pointer to the variable
	reset  func()
}

// option binds a variable to an option.
func option[T any](name string, target *T, side Side, byDefault T, help string, values ...string) Option {
	return Option{
		Name: name, Type: typeName(reflect.TypeFor[T]()), Default: defaultText(byDefault), Values: values, Side: side, Help: help,
		target: target, reset: func() { *target = byDefault },
	}
}

func typeName(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[options.Duration]():
		return "duration"
	case t.Kind() == reflect.Slice:
		return "list"
	case t.Kind() == reflect.Struct, t.Kind() == reflect.Map:
		return "map"
	case t.Kind() == reflect.Uint64, t.Kind() == reflect.Int:
		return "int"
	default:
		return t.Kind().String()
	}
}

func defaultText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case []string:
		if len(v) > 0 {
			return "[" + strings.Join(v, ", ") + "]"
		}
	case options.Duration:
		if v != 0 {
			return time.Duration(v).String()
		}
	default:
		if value := reflect.ValueOf(v); !value.IsZero() && (value.CanInt() || value.CanUint()) {
			return fmt.Sprint(v)
		}
	}
	return ""
}

// optionSet is a pointer to the options of a protocol.
type optionSet interface {
	schema() []Option // bound to the fields of the set
}

// noOptions is the set of a protocol that has none.
type noOptions struct{}

func (*noOptions) schema() []Option { return nil }

// decode sets all options to their defaults, then to what o says. All errors are
// reported at once, each with its place in the plan.
func decode(o soak.Options, set optionSet) error {
	schema := set.schema()
	targets := map[string]any{}
	for _, option := range schema {
		option.reset()
		targets[option.Name] = option.target
	}
	if err := options.DecodeKeys(o, targets); err != nil {
		return err
	}
	var errs []error
	for _, option := range schema {
		errs = append(errs, option.check(o))
	}
	return errors.Join(errs...)
}

// check refuses values that are not among those allowed.
func (opt Option) check(o soak.Options) error {
	if len(opt.Values) == 0 {
		return nil
	}
	var given []string
	switch v := opt.target.(type) {
	case *string:
		given = []string{*v}
	case *[]string:
		given = *v
	}
	for _, value := range given {
		if !slices.Contains(opt.Values, value) {
			return options.Errorf(o, opt.Name, "invalid value %q: use %s", value, oneOf(opt.Values))
		}
	}
	return nil
}

// oneOf lists alternatives: "a, b or c".
func oneOf(values []string) string {
	last := len(values) - 1
	if last == 0 {
		return values[0]
	}
	return strings.Join(values[:last], ", ") + " or " + values[last]
}

// encode is the inverse of decode; options with a zero value are left out.
func encode(set optionSet) (soak.Options, error) {
	values := map[string]any{}
	for _, option := range set.schema() {
		if v := reflect.ValueOf(option.target).Elem(); !v.IsZero() {
			values[option.Name] = v.Interface()
		}
	}
	text, err := json.Marshal(values)
	return soak.Options{JSON: text}, err
}

// names are the names of the options for which keep holds.
func names(schema []Option, keep func(Option) bool) (all []string) {
	for _, option := range schema {
		if keep(option) {
			all = append(all, option.Name)
		}
	}
	return all
}

// HasOption reports whether a protocol has an option.
func (p Protocol) HasOption(name string) bool {
	return slices.ContainsFunc(p.Options, func(o Option) bool { return o.Name == name })
}

// ServerOptions are the options of a load without those that only its client
// reads: loads on one protocol can share a reference server where these are
// equal. Options that cannot be read are given back as they are.
func ServerOptions(w soak.Workload) soak.Options {
	p, ok := Lookup(w.Protocol)
	if !ok {
		return w.Options
	}
	rest, err := p.serverOptions(w.Options)
	if err != nil {
		return w.Options
	}
	return rest
}

func (p Protocol) serverOptions(o soak.Options) (soak.Options, error) {
	_, rest, err := options.Split(o, names(p.schema, func(o Option) bool { return o.Side == SideClient })...)
	return rest, err
}
