package store

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// bbolt trusts the pages of its file: a wrong page number makes it read memory
// that is not its own, from goroutines that we cannot guard. So the page tree is
// checked with plain reads before bbolt follows it. The format is that of
// bbolt's internal/common: little-endian on all machines that we support.
const (
	pageHead    = 16
	element     = 16 // of a branch or leaf page
	bucketHead  = 16
	metaLength  = 64
	magic       = 0xED0CDAED
	dataVersion = 2
	noFreelist  = ^uint64(0)
	manyPages   = 0xFFFF // a free-list's count does not fit: it is in its first entry
	maxDepth    = 64
	maxPageSize = 64 << 10

	flagBranch   = 1
	flagLeaf     = 2
	flagFreelist = 16
	flagBucket   = 1 // of a leaf's element
)

// pages reads a bbolt file.
type pages struct {
	file io.ReaderAt
	size uint64 // of a page
	end  uint64 // number of the first page that is not used
	seen map[uint64]bool
}

// checkPages returns an error where a bbolt file of so many bytes is not sound
// enough to be followed by bbolt.
func checkPages(file io.ReaderAt, length int64) error {
	m, err := newestMeta(file, length)
	if err != nil {
		return err
	}
	u64 := binary.LittleEndian.Uint64
	p := pages{file: file, size: uint64(binary.LittleEndian.Uint32(m[8:])), end: u64(m[40:]), seen: map[uint64]bool{}}
	if p.end > uint64(length)/p.size {
		return fmt.Errorf("%w: it should have %d pages and has %d", ErrCorrupt, p.end, uint64(length)/p.size)
	}
	if err := p.freelist(u64(m[32:])); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err := p.tree(u64(m[16:]), 0); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return nil
}

// newestMeta returns the valid meta page of the higher transaction.
func newestMeta(file io.ReaderAt, length int64) ([]byte, error) {
	var newest []byte
	for size := int64(1 << 10); size <= maxPageSize; size <<= 1 {
		for n := range int64(2) {
			m := make([]byte, metaLength)
			if _, err := file.ReadAt(m, n*size+pageHead); err != nil || !validMeta(m, size) {
				continue
			}
			if newest == nil || binary.LittleEndian.Uint64(m[48:]) > binary.LittleEndian.Uint64(newest[48:]) {
				newest = m
			}
		}
	}
	if newest == nil {
		return nil, fmt.Errorf("%w: it has no bbolt header", ErrNotRun)
	}
	return newest, nil
}

// validMeta says whether m is a meta page of a file with pages of that size.
func validMeta(m []byte, size int64) bool {
	u32 := binary.LittleEndian.Uint32
	sum := fnv.New64a()
	sum.Write(m[:metaLength-8])
	return u32(m) == magic && u32(m[4:]) == dataVersion && int64(u32(m[8:])) == size &&
		binary.LittleEndian.Uint64(m[metaLength-8:]) == sum.Sum64()
}

// page returns the bytes of a page and of those that it overflows into.
func (p *pages) page(id uint64) (*io.SectionReader, error) {
	if id < 2 || id >= p.end {
		return nil, fmt.Errorf("page %d of %d", id, p.end)
	}
	if p.seen[id] {
		return nil, fmt.Errorf("page %d is used twice", id)
	}
	p.seen[id] = true
	var head [pageHead]byte
	if _, err := p.file.ReadAt(head[:], int64(id*p.size)); err != nil {
		return nil, fmt.Errorf("page %d: %w", id, err)
	}
	overflow := uint64(binary.LittleEndian.Uint32(head[12:]))
	if id+overflow >= p.end {
		return nil, fmt.Errorf("page %d reaches to page %d of %d", id, id+overflow, p.end)
	}
	return io.NewSectionReader(p.file, int64(id*p.size), int64((overflow+1)*p.size)), nil
}

// entries reads the kind of a page, the number of its entries and the entries,
// which are so many bytes each.
func entries(r *io.SectionReader, each int) (kind, count int, table []byte, err error) {
	var head [pageHead + 8]byte
	if _, err := r.ReadAt(head[:], 0); err != nil && err != io.EOF {
		return 0, 0, nil, err
	}
	kind = int(binary.LittleEndian.Uint16(head[8:]))
	count = int(binary.LittleEndian.Uint16(head[10:]))
	from := int64(pageHead)
	if kind == flagFreelist && count == manyPages {
		count = int(binary.LittleEndian.Uint64(head[pageHead:]))
		from += 8
	}
	if count < 0 || int64(count) > (r.Size()-from)/int64(each) {
		return 0, 0, nil, fmt.Errorf("%d entries in a page of %d bytes", count, r.Size())
	}
	table = make([]byte, count*each)
	_, err = r.ReadAt(table, from)
	if err == io.EOF {
		err = nil
	}
	return kind, count, table, err
}

// freelist checks the list of free pages.
func (p *pages) freelist(id uint64) error {
	if id == noFreelist {
		return nil
	}
	r, err := p.page(id)
	if err != nil {
		return fmt.Errorf("free-list: %w", err)
	}
	kind, count, table, err := entries(r, 8)
	if err != nil || kind != flagFreelist {
		return fmt.Errorf("free-list in page %d of kind %d: %w", id, kind, err)
	}
	for i := range count {
		if free := binary.LittleEndian.Uint64(table[8*i:]); free < 2 || free >= p.end {
			return fmt.Errorf("free-list: page %d of %d", free, p.end)
		}
	}
	return nil
}

// tree checks a page and all below it.
func (p *pages) tree(id uint64, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("page %d lies %d deep", id, depth)
	}
	r, err := p.page(id)
	if err != nil {
		return err
	}
	if err := p.node(r, depth); err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	return nil
}

// node checks a branch or leaf page, or a page that lies within a leaf's value.
func (p *pages) node(r *io.SectionReader, depth int) error {
	kind, count, table, err := entries(r, element)
	if err != nil {
		return err
	}
	if kind != flagBranch && kind != flagLeaf {
		return fmt.Errorf("kind %d", kind)
	}
	u32 := binary.LittleEndian.Uint32
	for i := range count {
		at, e := int64(pageHead+element*i), table[element*i:element*(i+1)]
		if kind == flagBranch {
			err = inside(r, at+int64(u32(e)), int64(u32(e[4:])))
			if err == nil {
				err = p.tree(binary.LittleEndian.Uint64(e[8:]), depth+1)
			}
		} else {
			err = p.leaf(r, at, e, depth)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// leaf checks an element of a leaf page, and the bucket that it may be.
func (p *pages) leaf(r *io.SectionReader, at int64, e []byte, depth int) error {
	u32 := binary.LittleEndian.Uint32
	key, value := int64(u32(e[8:])), int64(u32(e[12:]))
	at += int64(u32(e[4:]))
	if err := inside(r, at, key+value); err != nil {
		return err
	}
	if u32(e)&flagBucket == 0 {
		return nil
	}
	if value < bucketHead {
		return fmt.Errorf("a bucket of %d bytes", value)
	}
	var head [bucketHead]byte
	if _, err := r.ReadAt(head[:], at+key); err != nil && err != io.EOF {
		return err
	}
	if root := binary.LittleEndian.Uint64(head[:]); root != 0 {
		return p.tree(root, depth+1)
	}
	if value < bucketHead+pageHead || depth > maxDepth {
		return fmt.Errorf("a bucket of %d bytes, %d deep", value, depth)
	}
	return p.node(io.NewSectionReader(r, at+key+bucketHead, value-bucketHead), depth+1)
}

// inside says whether length bytes from at lie within a page.
func inside(r *io.SectionReader, at, length int64) error {
	if at+length > r.Size() {
		return fmt.Errorf("an element ends at byte %d of %d", at+length, r.Size())
	}
	return nil
}
