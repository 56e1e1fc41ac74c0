package options_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/options"
)

type common struct {
	Mode string `json:"mode"`
}

type sample struct {
	common
	Size    int               `json:"size"`
	Wait    options.Duration  `json:"wait"`
	Headers map[string]string `json:"headers"`
	TLS     struct {
		CA       string `json:"ca"`
		Insecure bool   `json:"insecure"`
	} `json:"tls"`
}

func plan(json string) soak.Options {
	return soak.Options{JSON: []byte(json), File: "night.yaml",
		Line: map[string]int{"": 10, "size": 11, "tls": 12, "tls.ca": 13, "tls.colour": 14, "wait": 15}}
}

func TestDecode_KeepsDefaults(t *testing.T) {
	got := sample{Size: 7}
	got.Mode = "echo"
	if err := options.Decode(plan(`{"wait":"1m30s","tls":{"ca":"x"},"headers":{"A":"b"}}`), &got); err != nil {
		t.Fatal(err)
	}
	want := sample{common: common{"echo"}, Size: 7, Wait: options.Duration(90 * time.Second), Headers: map[string]string{"A": "b"}}
	want.TLS.CA = "x"
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestDecode_NoOptions(t *testing.T) {
	for _, text := range []string{"", "null", " "} {
		got := sample{Size: 7}
		if err := options.Decode(plan(text), &got); err != nil || got.Size != 7 {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestDecode_ReportsEveryError(t *testing.T) {
	for text, wants := range map[string][]string{
		`{"size":"big"}`:               {"night.yaml:11: options.size: invalid value: use a whole number, not text"},
		`{"size":1.5}`:                 {"night.yaml:11: options.size: invalid value: use a whole number, not 1.5"},
		`{"Size":1}`:                   {"night.yaml:10: options.Size: unknown key: use headers, mode, size, tls, wait"},
		`{"tls":{"colour":"red"}}`:     {"night.yaml:14: options.tls.colour: unknown key: use ca, insecure"},
		`{"tls":{"insecure":"yes"}}`:   {"night.yaml:12: options.tls.insecure: invalid value: use true or false, not text"},
		`{"tls":[1]}`:                  {"night.yaml:12: options.tls: invalid value: use a block of keys and values, not a list"},
		`{"wait":"soon"}`:              {`night.yaml:15: options.wait: invalid duration "soon"`},
		`{"wait":3}`:                   {"night.yaml:15: options.wait: invalid value: use a duration such as 1m30s, not a number"},
		`{"size":null}`:                {"night.yaml:11: options.size: missing value: set one"},
		`[1]`:                          {"night.yaml:10: options: invalid value: use a block of keys and values, not a list"},
		`{"headers":{"a":1}}`:          {"night.yaml:10: options.headers: invalid value: use text, not a number"},
		`{"size":"big","wait":"soon"}`: {"night.yaml:11:", "night.yaml:15:"},
	} {
		err := options.Decode(plan(text), &sample{})
		if err == nil {
			t.Errorf("%s: no error", text)
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != len(wants) {
			t.Errorf("%s: %d errors, want %d: %v", text, len(lines), len(wants), err)
			continue
		}
		for i, want := range wants {
			if !strings.HasPrefix(lines[i], want) {
				t.Errorf("%s: %q, want %q", text, lines[i], want)
			}
		}
	}
}

func TestDecode_ErrorWithoutFile(t *testing.T) {
	err := options.Decode(soak.Options{JSON: []byte(`{"x":1}`)}, &sample{})
	if err == nil || !strings.HasPrefix(err.Error(), "options.x: unknown key") {
		t.Errorf("got %v", err)
	}
}

func TestSplit_AndMerge(t *testing.T) {
	picked, rest, err := options.Split(plan(`{"mode":"bulk_up","size":3}`), "mode", "absent")
	if err != nil || string(picked.JSON) != `{"mode":"bulk_up"}` || string(rest.JSON) != `{"size":3}` || rest.File != "night.yaml" {
		t.Errorf("split into %s and %s, %v", picked.JSON, rest.JSON, err)
	}
	merged, err := options.Merge(plan(`{"a":1}`), soak.Options{JSON: []byte(`{"a":2,"b":3}`)})
	if err != nil || string(merged.JSON) != `{"a":1,"b":3}` || merged.File != "night.yaml" {
		t.Errorf("merged into %s, %v", merged.JSON, err)
	}
	if _, _, err := options.Split(plan(`[1]`)); err == nil {
		t.Error("a list was split")
	}
	if _, err := options.Merge(plan(`{}`), soak.Options{JSON: []byte(`3`)}); err == nil {
		t.Error("a number was merged")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(`{"size":1,"tls":{"ca":"x"}}`)
	f.Add(`{"wait":{}}`)
	f.Fuzz(func(t *testing.T, text string) {
		_ = options.Decode(plan(text), &sample{})
	})
}
