package main

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
)

func init() {
	keepers["fd_socket"] = openSocket
	keepers["fd_socket_twin"] = upTo(most, openSocket)
	keepers["fd_close_wait"] = halfClosed(false)
	keepers["fd_close_wait_twin"] = halfClosed(true)
	keepers["fd_file"] = openFile(false)
	keepers["fd_file_twin"] = openFile(true)
	keepers["fd_pipe"] = openPipe
	keepers["fd_pipe_twin"] = upTo(most, openPipe)
	keepers["fd_inotify"] = watchFolder
	keepers["fd_inotify_twin"] = upTo(most, watchFolder)
	keepers["zombie"] = child(false)
	keepers["zombie_twin"] = child(true)
	keepers["mmap"] = mapPages
	keepers["mmap_twin"] = upTo(most*64, mapPages) // as a compiler at run time warms up
}

var conns []net.Conn

// openSocket keeps connections that nobody speaks on.
func openSocket(n int) {
	for range n {
		conns = append(conns, check(net.Dial("tcp", mute())))
	}
}

// closing is a server that closes at once; the client closes, or forgets to.
var closing = sync.OnceValue(func() string {
	ln := check(net.Listen("tcp", "127.0.0.1:0"))
	go func() {
		for {
			if c, err := ln.Accept(); err == nil {
				c.Close()
			}
		}
	}()
	return ln.Addr().String()
})

// halfClosed keeps connections that the peer has closed. Without keep-alive:
// its probe would find the peer gone, be reset, and the socket would leave
// CLOSE_WAIT for no table at all.
func halfClosed(close bool) func(int) {
	dialer := net.Dialer{KeepAlive: -1}
	return func(n int) {
		for range n {
			c := check(dialer.Dial("tcp", closing()))
			if close {
				io.Copy(io.Discard, c)
				c.Close()
				continue
			}
			conns = append(conns, c)
		}
	}
}

var files []*os.File

func openFile(close bool) func(int) {
	dir := filepath.Join(os.TempDir(), "zoo-"+strconv.Itoa(os.Getpid()))
	return func(n int) {
		os.MkdirAll(dir, 0o755)
		for range n {
			f := check(os.CreateTemp(dir, "upload-"))
			os.Remove(f.Name())
			if close {
				f.Close()
				continue
			}
			files = append(files, f)
		}
	}
}

func openPipe(n int) {
	for i := 0; i < n; i++ {
		var p [2]int
		check(0, syscall.Pipe2(p[:], syscall.O_CLOEXEC))
	}
}

func watchFolder(n int) {
	for range n {
		check(syscall.InotifyInit1(syscall.IN_CLOEXEC))
	}
}

// child starts a program and waits for its end, or forgets to.
func child(wait bool) func(int) {
	return func(n int) {
		for range n {
			pid := check(syscall.ForkExec("/bin/true", []string{"true"}, &syscall.ProcAttr{}))
			if wait {
				check(syscall.Wait4(pid, nil, 0, nil))
			}
		}
	}
}

func mapPages(n int) {
	fill(check(syscall.Mmap(-1, 0, n*block*4, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)))
}
