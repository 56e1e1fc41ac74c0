// Package options decodes the settings of a plug-in (a protocol, a sink)
// strictly: an unknown key, a value of the wrong type or a key without a value is
// an error with the plan's file and line, and all errors of a block are reported
// together. Keys are case-sensitive.
//
// A plug-in declares a struct with json tags, fills in its defaults and calls
// [Decode]; keys that are absent keep their defaults. Durations are text
// ("1m30s"), see [Duration].
package options

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"soakmon/soak"
)

// Error is one wrong setting.
type Error struct {
	File   string // the plan's file; "" if there is none
	Line   int    // from 1; 0 if it is unknown
	Path   string // dotted path of the key within the options; "" for the block itself
	Reason string // what is wrong and what to do
}

// Error returns the place, then the reason.
func (e *Error) Error() string {
	where := "options"
	if e.Path != "" {
		where += "." + e.Path
	}
	if e.File != "" && e.Line > 0 {
		where = fmt.Sprintf("%s:%d: %s", e.File, e.Line, where)
	}
	return where + ": " + e.Reason
}

// Errorf returns the error of the key at path, for checks that a type cannot make.
func Errorf(o soak.Options, path, format string, args ...any) error {
	return &Error{File: o.File, Line: line(o, path), Path: path, Reason: fmt.Sprintf(format, args...)}
}

// line returns the line of path, or else of the innermost block around it.
func line(o soak.Options, path string) int {
	for {
		if n, ok := o.Line[path]; ok || path == "" {
			return n
		}
		path = path[:max(strings.LastIndexByte(path, '.'), 0)]
	}
}

// Duration is a duration that options give as text: "250ms", "1m30s".
type Duration time.Duration

// UnmarshalText reads the syntax of [time.ParseDuration].
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("invalid duration %q: use 250ms or 1m30s", text)
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// Decode reads o into the struct that into points to. The error joins one
// [*Error] per wrong key, in the order of their lines.
func Decode(o soak.Options, into any) error {
	if blank(o.JSON) {
		return nil
	}
	return decode(o, fieldsOf(reflect.ValueOf(into).Elem()))
}

// DecodeKeys is [Decode] into variables that need not be fields of a struct:
// into has a pointer for each key.
func DecodeKeys(o soak.Options, into map[string]any) error {
	if blank(o.JSON) {
		return nil
	}
	fields := map[string]reflect.Value{}
	for key, at := range into {
		fields[key] = reflect.ValueOf(at).Elem()
	}
	return decode(o, fields)
}

func decode(o soak.Options, fields map[string]reflect.Value) error {
	d := decoder{o: o}
	d.object(o.JSON, fields, "")
	slices.SortStableFunc(d.errs, func(a, b *Error) int { return cmp.Compare(a.Line, b.Line) })
	errs := make([]error, len(d.errs))
	for i, e := range d.errs {
		errs[i] = e
	}
	return errors.Join(errs...)
}

// Split splits o by its top-level keys: the named keys go to picked, the others to
// rest. Both keep the file and its lines.
func Split(o soak.Options, keys ...string) (picked, rest soak.Options, err error) {
	all, err := members(o)
	if err != nil {
		return o, o, err
	}
	named := map[string]json.RawMessage{}
	for _, k := range keys {
		if v, ok := all[k]; ok {
			named[k] = v
			delete(all, k)
		}
	}
	picked, rest = o, o
	if picked.JSON, err = json.Marshal(named); err != nil {
		return o, o, err
	}
	rest.JSON, err = json.Marshal(all)
	return picked, rest, err
}

// Merge returns o with the top-level keys of under that o lacks. File and lines
// are those of o.
func Merge(o, under soak.Options) (soak.Options, error) {
	upper, err := members(o)
	if err != nil {
		return o, err
	}
	merged, err := members(under)
	if err != nil {
		return o, err
	}
	maps.Copy(merged, upper)
	o.JSON, err = json.Marshal(merged)
	return o, err
}

func blank(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) == 0 || string(raw) == "null"
}

func members(o soak.Options) (map[string]json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	if blank(o.JSON) {
		return all, nil
	}
	if err := json.Unmarshal(o.JSON, &all); err != nil {
		return nil, Errorf(o, "", "invalid value: use a block of keys and values, not %s", kindOf(o.JSON))
	}
	return all, nil
}

type decoder struct {
	o    soak.Options
	errs []*Error
}

func (d *decoder) fail(path, format string, args ...any) {
	d.errs = append(d.errs, Errorf(d.o, path, format, args...).(*Error))
}

func (d *decoder) object(raw json.RawMessage, fields map[string]reflect.Value, path string) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		d.fail(path, "invalid value: use a block of keys and values, not %s", kindOf(raw))
		return
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		at := strings.TrimPrefix(path+"."+key, ".")
		field, ok := fields[key]
		switch {
		case !ok:
			d.fail(at, "unknown key: use %s", strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		case blank(all[key]):
			d.fail(at, "missing value: set one or remove the key")
		default:
			d.value(all[key], field, at)
		}
	}
}

var textUnmarshaler = reflect.TypeFor[interface{ UnmarshalText([]byte) error }]()

func (d *decoder) value(raw json.RawMessage, v reflect.Value, path string) {
	if v.Kind() == reflect.Struct && !reflect.PointerTo(v.Type()).Implements(textUnmarshaler) {
		d.object(raw, fieldsOf(v), path)
		return
	}
	err := json.Unmarshal(raw, v.Addr().Interface())
	mistyped, ok := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case ok && v.Type() == reflect.TypeFor[Duration]():
		d.fail(path, "invalid value: use a duration such as 1m30s, not %s", actual(mistyped.Value))
	case ok:
		d.fail(path, "invalid value: use %s, not %s", expected(mistyped.Type), actual(mistyped.Value))
	case err != nil:
		d.fail(path, "%v", err)
	}
}

// fieldsOf maps the keys of a struct to its fields, including those of embedded
// structs.
func fieldsOf(v reflect.Value) map[string]reflect.Value {
	fields := map[string]reflect.Value{}
	for _, f := range reflect.VisibleFields(v.Type()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && !f.Anonymous && name != "" && name != "-" {
			fields[name] = v.FieldByIndex(f.Index)
		}
	}
	return fields
}

// kindOf names the kind of a JSON value for an error.
func kindOf(raw json.RawMessage) string {
	switch bytes.TrimSpace(raw)[0] {
	case '{':
		return "a block"
	case '[':
		return "a list"
	case '"':
		return "text"
	case 't', 'f':
		return "true or false"
	default:
		return "a number"
	}
}

// actual translates the description of a value in [json.UnmarshalTypeError], such as
// "object" or "number 1.5", into the words of a plan.
func actual(value string) string {
	if number, ok := strings.CutPrefix(value, "number "); ok {
		return number
	}
	kinds := map[string]string{"object": "a block", "array": "a list", "string": "text", "bool": "true or false", "number": "a number"}
	return cmp.Or(kinds[value], value)
}

// expected names the kind of value that a type takes.
func expected(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "text"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "a block"
	default:
		return "a whole number"
	}
}
