package store

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"soakmon/soak"
)

// number64 is a float whose JSON is a string where it is not finite.
type number64 float64

// MarshalJSON implements [json.Marshaler].
func (n number64) MarshalJSON() ([]byte, error) {
	f := float64(n)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return strconv.AppendQuote(nil, strconv.FormatFloat(f, 'g', -1, 64)), nil
	}
	return json.Marshal(f)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (n *number64) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(string(bytes.Trim(b, `"`)), 64)
	*n = number64(f)
	return err
}

// The records as they are stored: fields here hide those of the same name in
// the type that is embedded.
type (
	eventRecord struct {
		soak.Event
		Value number64 `json:"value,omitempty"`
	}
	alertRecord struct {
		soak.Alert
		Slope number64 `json:"slope_per_hour"`
		Lo    number64 `json:"slope_low"`
		Hi    number64 `json:"slope_high"`
		Last  number64 `json:"last"`
	}
	profileRecord struct {
		soak.ProfileMeta
		CPU number64 `json:"cpu"`
	}
)

func encodeEvent(e soak.Event) ([]byte, error) {
	return json.Marshal(eventRecord{e, number64(e.Value)})
}

func decodeEvent(b []byte) (soak.Event, error) {
	var r eventRecord
	err := json.Unmarshal(b, &r)
	r.Event.Value = float64(r.Value)
	return r.Event, err
}

func encodeAlert(a soak.Alert) ([]byte, error) {
	return json.Marshal(alertRecord{a, number64(a.Slope), number64(a.Lo), number64(a.Hi), number64(a.Last)})
}

func decodeAlert(b []byte) (soak.Alert, error) {
	var r alertRecord
	err := json.Unmarshal(b, &r)
	a := r.Alert
	a.Slope, a.Lo, a.Hi, a.Last = float64(r.Slope), float64(r.Lo), float64(r.Hi), float64(r.Last)
	return a, err
}

func encodeProfileMeta(m soak.ProfileMeta) ([]byte, error) {
	return json.Marshal(profileRecord{m, number64(m.CPU)})
}

func decodeProfileMeta(b []byte) (soak.ProfileMeta, error) {
	var r profileRecord
	err := json.Unmarshal(b, &r)
	r.ProfileMeta.CPU = float64(r.CPU)
	return r.ProfileMeta, err
}

// encodeHistogram stores the histogram's bytes, not their base64: there are
// several of them a minute.
func encodeHistogram(h soak.Histogram) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(h.Data)
	if err != nil {
		return nil, fmt.Errorf("store: histogram %s of load %q: %w", h.Kind, h.Load, err)
	}
	b := binary.AppendVarint(nil, int64(h.From))
	b = binary.AppendVarint(b, int64(h.To))
	for _, s := range []string{h.Load, string(h.Kind)} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return append(b, data...), nil
}

func decodeHistogram(b []byte) (soak.Histogram, error) {
	from, b, err1 := cutVarint(b)
	to, b, err2 := cutVarint(b)
	load, b, err3 := cutText(b)
	kind, b, err4 := cutText(b)
	return soak.Histogram{
		From: time.Duration(from),
		To:   time.Duration(to),
		Load: load,
		Kind: soak.HistogramKind(kind),
		Data: base64.StdEncoding.EncodeToString(b),
	}, errors.Join(err1, err2, err3, err4)
}

// cutText splits a text with its length before it off the front of b.
func cutText(b []byte) (string, []byte, error) {
	n, b, err := cutUvarint(b)
	if err != nil {
		return "", nil, err
	}
	s, b, err := cut(b, n)
	return string(s), b, err
}
