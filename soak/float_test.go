package soak

import (
	"encoding/json"
	"math"
	"testing"
)

func TestFloat_JSON(t *testing.T) {
	for text, want := range map[string]struct {
		value   float64
		written string
	}{
		"1.5": {1.5, "1.5"}, "null": {math.NaN(), "null"}, `"NaN"`: {math.NaN(), "null"},
		`"+Inf"`: {math.Inf(1), "null"}, `"-Inf"`: {math.Inf(-1), "null"},
	} {
		var f Float
		if err := json.Unmarshal([]byte(text), &f); err != nil || float64(f) != want.value && !(math.IsNaN(float64(f)) && math.IsNaN(want.value)) {
			t.Errorf("%s is read as %v, error %v", text, f, err)
		}
		if out, err := json.Marshal(f); err != nil || string(out) != want.written {
			t.Errorf("%v is written as %s, error %v", f, out, err)
		}
	}
	for _, text := range []string{`"Infinity"`, `"1"`, `"nan"`, "true"} {
		if json.Unmarshal([]byte(text), new(Float)) == nil {
			t.Errorf("%s is accepted", text)
		}
	}
}
