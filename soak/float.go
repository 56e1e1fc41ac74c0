package soak

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// Float is a number that can be NaN or infinite, which JSON numbers cannot. NaN
// and the infinities are written as null, and null is read as NaN.
type Float float64

// MarshalJSON writes the number, or null.
func (f Float) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

// UnmarshalJSON reads a number, null as NaN, and the strings "NaN", "+Inf" and
// "-Inf" of run files with layout version 1.
func (f *Float) UnmarshalJSON(data []byte) error {
	switch text := string(data); text {
	case "null", `"NaN"`, `"+Inf"`, `"-Inf"`:
		text = strings.Replace(strings.Trim(text, `"`), "null", "NaN", 1)
		v, err := strconv.ParseFloat(text, 64)
		*f = Float(v)
		return err
	}
	return json.Unmarshal(data, (*float64)(f))
}
