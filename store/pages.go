package store

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// bbolt trusts the pages of its file: a wrong page number makes it read outside its
// memory map, in goroutines that [guard] cannot protect. So the page tree is checked
// with plain reads before bbolt follows it. The format is that of bbolt's
// internal/common: little-endian on all supported machines.
//
// A page begins with its id (8 bytes), flags (2), number of entries (2) and number
// of overflow pages (4). The entries follow, and then the keys and values that they
// point to. A meta page has after that head: magic (4), version (4), page size (4),
// flags (4), root bucket (8, and 8 of sequence), free-list (8), first unused page
// (8), transaction (8) and a checksum (8).
const (
	pageHead    = 16 // bytes of a page's header
	element     = 16 // bytes of an entry of a branch or leaf page
	bucketHead  = 16 // bytes of a bucket's header in a leaf's value: root page, sequence
	metaLength  = 64 // bytes of a meta page after its header
	magic       = 0xED0CDAED
	dataVersion = 2
	noFreelist  = ^uint64(0) // the free-list is not stored
	manyPages   = 0xFFFF     // the number of free pages does not fit: it is the first entry
	maxDepth    = 64         // far above the depth of any sound tree; limits the recursion
	maxPageSize = 64 << 10

	flagBranch   = 1
	flagLeaf     = 2
	flagFreelist = 16
	flagBucket   = 1 // of a leaf's entry
)

// pages reads a bbolt file.
type pages struct {
	file io.ReaderAt
	size uint64 // of a page
	end  uint64 // number of the first page that is not used
	seen map[uint64]bool
}

// checkPages returns an error if bbolt cannot safely follow the pages of a file of
// the given length in bytes.
func checkPages(file io.ReaderAt, length int64) error {
	m, err := newestMeta(file, length)
	if err != nil {
		return err
	}
	// The checksum of the meta page matches, but the file may still be shorter than
	// the page says: it was truncated, or copied while it was being written.
	u64 := binary.LittleEndian.Uint64
	p := pages{file: file, size: uint64(binary.LittleEndian.Uint32(m[8:])), end: u64(m[40:]), seen: map[uint64]bool{}}
	if p.end > uint64(length)/p.size {
		return fmt.Errorf("%w: it has %[3]d pages instead of %[2]d", ErrCorrupt, p.end, uint64(length)/p.size)
	}
	// bbolt reads the free-list when it opens the file for writing, and the tree on
	// every access. page records every page that it returns, so a page that is used
	// twice is an error: a tree with a cycle would never end.
	if err := p.freelist(u64(m[32:])); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err := p.tree(u64(m[16:]), 0); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return nil
}

// newestMeta returns the valid meta page with the highest transaction number. A file
// has two of them, written in turn, so that one is intact after a kill.
func newestMeta(file io.ReaderAt, length int64) ([]byte, error) {
	var newest []byte
	// The size of a page is itself in the meta page, and the second meta page lies
	// at that offset. If the first is damaged, the offset has to be guessed.
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

// validMeta reports whether m is an intact meta page of a file with pages of the
// given size.
func validMeta(m []byte, size int64) bool {
	u32 := binary.LittleEndian.Uint32
	sum := fnv.New64a()
	sum.Write(m[:metaLength-8])
	return u32(m) == magic && u32(m[4:]) == dataVersion && int64(u32(m[8:])) == size &&
		binary.LittleEndian.Uint64(m[metaLength-8:]) == sum.Sum64()
}

// page returns the bytes of a page, including its overflow pages. It returns an error
// if the page is outside the file or is already in use.
func (p *pages) page(id uint64) (*io.SectionReader, error) {
	if id < 2 || id >= p.end { // pages 0 and 1 are the meta pages
		return nil, fmt.Errorf("invalid page %d of %d", id, p.end)
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
		return nil, fmt.Errorf("page %d extends to page %d of %d", id, id+overflow, p.end)
	}
	return io.NewSectionReader(p.file, int64(id*p.size), int64((overflow+1)*p.size)), nil
}

// entries reads the kind of a page, the number of its entries and the entries
// themselves, of size bytes each.
func entries(r *io.SectionReader, size int) (kind, count int, table []byte, err error) {
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
	// Check the count before allocating: a damaged one could ask for any amount.
	if count < 0 || int64(count) > (r.Size()-from)/int64(size) {
		return 0, 0, nil, fmt.Errorf("invalid number of entries: %d in a page of %d bytes", count, r.Size())
	}
	table = make([]byte, count*size)
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
	if err == nil && kind != flagFreelist {
		err = fmt.Errorf("invalid kind %d", kind)
	}
	if err != nil {
		return fmt.Errorf("free-list in page %d: %w", id, err)
	}
	for i := range count {
		if free := binary.LittleEndian.Uint64(table[8*i:]); free < 2 || free >= p.end {
			return fmt.Errorf("free-list: invalid page %d of %d", free, p.end)
		}
	}
	return nil
}

// tree checks a page and all pages below it.
func (p *pages) tree(id uint64, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("page %d is at depth %d", id, depth)
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

// node checks a branch or leaf page. Such a page can also be embedded in the value of
// a leaf's entry.
func (p *pages) node(r *io.SectionReader, depth int) error {
	kind, count, table, err := entries(r, element)
	if err != nil {
		return err
	}
	if kind != flagBranch && kind != flagLeaf {
		return fmt.Errorf("invalid kind %d", kind)
	}
	u32 := binary.LittleEndian.Uint32
	for i := range count {
		// An entry gives the position of its key relative to itself.
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

// leaf checks an entry of a leaf page and, if it is a bucket, that bucket.
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
		return fmt.Errorf("invalid size of a bucket: %d bytes", value)
	}
	var head [bucketHead]byte
	if _, err := r.ReadAt(head[:], at+key); err != nil && err != io.EOF {
		return err
	}
	// A large bucket has a tree of pages. A small one has root 0 and is embedded as
	// a single page right behind its header, which may hold buckets again: the depth
	// limits that recursion.
	if root := binary.LittleEndian.Uint64(head[:]); root != 0 {
		return p.tree(root, depth+1)
	}
	if value < bucketHead+pageHead || depth > maxDepth {
		return fmt.Errorf("invalid embedded bucket: %d bytes at depth %d", value, depth)
	}
	return p.node(io.NewSectionReader(r, at+key+bucketHead, value-bucketHead), depth+1)
}

// inside returns an error unless length bytes from at are within a page.
func inside(r *io.SectionReader, at, length int64) error {
	if at+length > r.Size() {
		return fmt.Errorf("an entry ends at byte %d of %d", at+length, r.Size())
	}
	return nil
}
