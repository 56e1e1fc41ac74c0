package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"

	"soakmon/soak"
)

// The version of the layout that this package writes; it also reads version 1.
// Readers ignore buckets and JSON fields that they do not know, so an addition
// raises only the minor version, which no reader refuses.
const (
	version      = "2"
	minorVersion = "0"
	oldVersion   = "1"
)

// Ext is the extension of run files. The rest of the name is the run's id.
const Ext = ".soak"

// Errors of opening, reading and writing run files.
var (
	ErrInUse   = errors.New("the run is still in progress: its file is locked by the monitor; use the monitor's control socket")
	ErrNotRun  = errors.New("not a run file")
	ErrVersion = errors.New("unknown version of the run file format")
	ErrCorrupt = errors.New("the run file is damaged")
	ErrClosed  = errors.New("the run file is closed")
	ErrFull    = errors.New("the run file has reached its maximum size, and none of its profiles may be removed")
	ErrNoRun   = errors.New("no such run")
)

var (
	bucketMeta       = []byte("meta")
	bucketSeries     = []byte("series")
	bucketRecent     = []byte("recent")
	bucketChunks     = []byte("chunks")
	bucketEvents     = []byte("events")
	bucketHistograms = []byte("histograms")
	bucketProfiles   = []byte("profiles")
	bucketOutbox     = []byte("outbox")
	bucketDelivered  = []byte("delivered")

	buckets = [][]byte{bucketMeta, bucketSeries, bucketRecent, bucketChunks, bucketEvents,
		bucketHistograms, bucketProfiles, bucketOutbox, bucketDelivered}

	keyVersion = []byte("version")
	keyMinor   = []byte("minor")
	keyRun     = []byte("run")
	keyMeta    = []byte("meta")
)

// decodeSeries reads the identity of a series.
func decodeSeries(value []byte) (id soak.SeriesID, err error) {
	err = json.Unmarshal(value, &id)
	return id, err
}

// decodeOldSeries reads the identity of a series in layout version 1: process,
// 0 byte, metric.
func decodeOldSeries(value []byte) (soak.SeriesID, error) {
	process, metric, ok := strings.Cut(string(value), "\x00")
	if !ok {
		return soak.SeriesID{}, errors.New("the identity of a series has no 0 byte")
	}
	return soak.SeriesOf(process, metric), nil
}

// metricOf describes the family of a series. If the run's head does not list the
// family, its kind is derived from the name.
func metricOf(metrics []soak.Metric, name string) soak.Metric {
	f := soak.Family(name)
	for _, m := range metrics {
		if m.Name == f {
			return m
		}
	}
	if strings.HasSuffix(f, "_total") {
		return soak.Metric{Name: f, Kind: soak.Counter}
	}
	return soak.Metric{Name: f, Kind: soak.Gauge}
}

// number is a key or the last part of one.
func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// numberOf reads a key made by number. It returns 0, which is never assigned, for
// any other key.
func numberOf(key []byte) uint64 {
	if len(key) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(key)
}

// deliveredKey is the key that records that an alert has reached a sink.
func deliveredKey(sink string, id uint64) []byte {
	return append(append([]byte(sink), 0), number(id)...)
}
