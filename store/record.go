package store

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"soakmon/soak"
)

// decodeJSON reads a record that is stored as JSON.
func decodeJSON[T any](b []byte) (v T, err error) {
	err = json.Unmarshal(b, &v)
	return v, err
}

// encodeHistogram stores the histogram as bytes instead of base64, because there are
// several histograms per minute.
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

// cutText splits a text, preceded by its length, off the front of b.
func cutText(b []byte) (string, []byte, error) {
	n, b, err := cutUvarint(b)
	if err != nil {
		return "", nil, err
	}
	s, b, err := cut(b, n)
	return string(s), b, err
}
