package store

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"time"

	"soakmon/soak"
)

// maxRows is the maximum number of rows of a chunk. It limits the memory that a
// hostile file can make a reader allocate.
const maxRows = 1 << 16

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// stamp is the time of a row: milliseconds since the run's start, and the offset to
// Unix milliseconds.
type stamp struct{ at, offset int64 }

// stampOf rounds a row's time to milliseconds. The offset is rounded separately, so
// that it stays the same until the wall clock is set.
func stampOf(r soak.Row) stamp {
	return stamp{
		at:     int64(r.At.Round(time.Millisecond) / time.Millisecond),
		offset: r.Wall.Add(-r.At).Round(time.Millisecond).UnixMilli(),
	}
}

// At is the time since the run's start.
func (s stamp) At() time.Duration { return time.Duration(s.at) * time.Millisecond }

// Wall is the wall time.
func (s stamp) Wall() time.Time { return time.UnixMilli(s.at + s.offset).UTC() }

// part is the encoded column of one series.
type part struct {
	id   uint64
	data []byte
}

// encodeChunk encodes rows: their number, their times, the directory of series and
// the columns, ordered by id, followed by a CRC-32C of everything.
func encodeChunk(stamps []stamp, parts []part) []byte {
	at, offset := make([]int64, len(stamps)), make([]int64, len(stamps))
	for i, s := range stamps {
		at[i], offset[i] = s.at, s.offset
	}
	b := binary.AppendUvarint(nil, uint64(len(stamps)))
	b = appendInts(b, at)
	b = appendInts(b, offset)
	b = binary.AppendUvarint(b, uint64(len(parts)))
	before := uint64(0)
	for _, p := range parts {
		b = binary.AppendUvarint(b, p.id-before)
		b = binary.AppendUvarint(b, uint64(len(p.data)))
		before = p.id
	}
	for _, p := range parts {
		b = append(b, p.data...)
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// chunk is an encoded chunk whose times and directory have been decoded.
type chunk struct {
	stamps []stamp
	parts  []part // by ascending id
}

// decodeChunk verifies the checksum of a chunk and reads its times and directory.
func decodeChunk(b []byte) (chunk, error) {
	if len(b) < crc32.Size {
		return chunk{}, errShort
	}
	b, sum := b[:len(b)-crc32.Size], b[len(b)-crc32.Size:]
	if crc32.Checksum(b, castagnoli) != binary.LittleEndian.Uint32(sum) {
		return chunk{}, errors.New("wrong checksum")
	}
	return parseChunk(b)
}

// parseChunk reads a chunk without its checksum.
func parseChunk(b []byte) (chunk, error) {
	n, b, err := cutUvarint(b)
	if err != nil {
		return chunk{}, err
	}
	if n > maxRows {
		return chunk{}, fmt.Errorf("invalid number of rows in a chunk: %d", n)
	}
	at, b, err := cutInts(b, int(n))
	if err != nil {
		return chunk{}, fmt.Errorf("times: %w", err)
	}
	offset, b, err := cutInts(b, int(n))
	if err != nil {
		return chunk{}, fmt.Errorf("wall times: %w", err)
	}
	c := chunk{stamps: make([]stamp, n)}
	for i := range c.stamps {
		c.stamps[i] = stamp{at[i], offset[i]}
	}
	c.parts, err = cutParts(b)
	return c, err
}

// cutParts reads the directory of a chunk and the columns that it points to.
func cutParts(b []byte) ([]part, error) {
	n, b, err := cutUvarint(b)
	if err != nil {
		return nil, err
	}
	if n > uint64(len(b))/2 { // an entry takes at least two bytes
		return nil, errShort
	}
	parts := make([]part, n)
	sizes := make([]uint64, n)
	id, step := uint64(0), uint64(0)
	for i := range parts {
		if step, b, err = cutUvarint(b); err != nil {
			return nil, err
		}
		if sizes[i], b, err = cutUvarint(b); err != nil {
			return nil, err
		}
		if id+step <= id {
			return nil, fmt.Errorf("invalid order of series: %d after %d", id+step, id)
		}
		id += step
		parts[i].id = id
	}
	for i := range parts {
		if parts[i].data, b, err = cut(b, sizes[i]); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// column decodes the points of a series. There are none if it is not in the chunk.
func (c chunk) column(id uint64) (column, error) {
	i, ok := slices.BinarySearchFunc(c.parts, id, func(p part, id uint64) int { return cmp.Compare(p.id, id) })
	if !ok {
		return column{}, nil
	}
	col, err := decodeColumn(c.parts[i].data, len(c.stamps))
	if err != nil {
		return column{}, fmt.Errorf("series %d: %w", id, err)
	}
	return col, nil
}
