package load

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"
)

var sizes = []int64{1, 7, 31, 32, 33, 4096, chunkSize - 1, chunkSize, chunkSize + 1, 2*chunkSize + 40, bufferSize, bufferSize + 1, 3*bufferSize + chunkSize + 5}

func all(t *testing.T, c Content) []byte {
	t.Helper()
	var b bytes.Buffer
	if n, err := c.send(&b, make([]byte, bufferSize)); err != nil || n != c.size {
		t.Fatalf("sent %d of %d, %v", n, c.size, err)
	}
	return b.Bytes()
}

func TestContent_AnyBuffer(t *testing.T) {
	for _, size := range sizes {
		c := NewContent(3, 5, size)
		want := all(t, c)
		for _, buf := range []int{chunkSize, bufferSize} {
			var small bytes.Buffer
			if _, err := c.send(&small, make([]byte, buf)); err != nil || !bytes.Equal(small.Bytes(), want) {
				t.Errorf("size %d: what a buffer of %d sends differs, %v", size, buf, err)
			}
			if n, err := c.Receive(bytes.NewReader(want), make([]byte, buf)); err != nil || n != size {
				t.Errorf("size %d: received %d through %d, %v", size, n, buf, err)
			}
			got, err := io.ReadAll(iotest.OneByteReader(c.Reader(make([]byte, buf))))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("size %d: what is read through %d differs, %v", size, buf, err)
			}
		}
	}
}

func TestContent_NotGreeting(t *testing.T) {
	for n := range uint64(1000) {
		for _, c := range []Content{NewContent(n, n, 64), NewContent(1, n, 3).reply()} {
			if b := all(t, c); b[0] >= 0x80 || greeting[0] < 0x80 {
				t.Fatalf("content %d begins with %#x", n, b[0])
			}
		}
	}
}

func TestReceive_Damage(t *testing.T) {
	const size = 3*chunkSize + 1000
	c := NewContent(3, 5, size)
	good := all(t, c)
	refuse := func(name string, b []byte) {
		if _, err := c.Receive(bytes.NewReader(b), make([]byte, bufferSize)); err == nil {
			t.Errorf("%s was not found", name)
		}
	}
	for _, at := range []int{0, 8, 20, 31, 32, 1000, chunkSize - 1, chunkSize, chunkSize + 9, 2*chunkSize + 40, size - 1} {
		b := bytes.Clone(good)
		b[at] ^= 1
		refuse("a flipped bit", b)
	}
	swapped := bytes.Clone(good)
	copy(swapped, good[chunkSize:2*chunkSize])
	copy(swapped[chunkSize:], good[:chunkSize])
	refuse("two swapped chunks", swapped)
	refuse("a lost byte", append(bytes.Clone(good[:500]), good[501:]...))
	refuse("a lost tail", good[:size-1])
	doubled := append(bytes.Clone(good[:chunkSize]), good...)
	refuse("a doubled chunk", doubled)
	refuse("another operation", all(t, NewContent(3, 6, size)))
	refuse("another session", all(t, NewContent(4, 5, size)))
	refuse("the reply", all(t, c.reply()))
	mixed := bytes.Clone(good)
	copy(mixed[1000:1100], all(t, NewContent(4, 5, size))[1000:1100])
	refuse("a hundred bytes of another session", mixed)
	moved := bytes.Clone(good)
	copy(moved[chunkSize+100:chunkSize+200], good[100:200])
	refuse("a hundred bytes of another chunk", moved)
}

func TestOperationCounter_AnySplit(t *testing.T) {
	for _, size := range []int64{32, 33, 100, 4096, chunkSize + 77} {
		var stream []byte
		for n := range uint64(5) {
			stream = append(stream, all(t, NewContent(1, n, size))...)
		}
		for _, split := range []int{32, 40, 1000, len(stream)} {
			var c OperationCounter
			got := 0
			for rest := stream; len(rest) > 0; {
				n := min(split, len(rest))
				got += c.Count(rest[:n])
				rest = rest[n:]
			}
			if got != 5 {
				t.Errorf("size %d, reads of %d: %d operations, want 5", size, split, got)
			}
		}
	}
}

func TestOperationCounter_Transfers(t *testing.T) {
	stream := bytes.NewBufferString(greeting)
	for _, kind := range []uint64{up, down, up | down, up} {
		content := NewContent(1, kind, 300)
		if err := writeRequest(stream, kind, content); err != nil {
			t.Fatal(err)
		}
		if kind&up != 0 {
			stream.Write(all(t, content))
		}
	}
	for _, split := range []int{1, 7, 24, 1000, stream.Len()} {
		var c OperationCounter
		got := 0
		for rest := stream.Bytes(); len(rest) > 0; {
			n := min(split, len(rest))
			got += c.Count(rest[:n])
			rest = rest[n:]
		}
		if got != 4 {
			t.Errorf("reads of %d: %d transfers, want 4", split, got)
		}
	}
}

func TestOperationCounter_ForeignBytes(t *testing.T) {
	var c OperationCounter
	got := c.Count([]byte("hi")) + c.Count([]byte("you")) + c.Count(make([]byte, 4096))
	if got != 3 {
		t.Errorf("%d operations, want 3", got)
	}
}

func FuzzDestination(f *testing.F) {
	f.Add([]byte("abc"), 1)
	content := NewContent(1, 1, 100)
	whole := make([]byte, 100)
	content.fill(whole, 0)
	f.Add(whole, 33)
	f.Fuzz(func(t *testing.T, p []byte, split int) {
		var c OperationCounter
		split = max(split&0xfff, 1)
		for len(p) > 0 {
			n := min(split, len(p))
			if got := c.Count(p[:n]); got < 0 || got > n {
				t.Fatalf("%d operations in %d bytes", got, n)
			}
			p = p[n:]
		}
		_, _, _ = readRequest(bytes.NewReader(p))
	})
}
