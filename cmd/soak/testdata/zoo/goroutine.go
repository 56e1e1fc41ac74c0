package main

import (
	"net"
	"runtime"
	"sync"
	"syscall"
	"time"
)

func init() {
	keepers["goroutine_chan"] = start(waitForAnswer)
	keepers["goroutine_chan_twin"] = upTo(most, start(worker))
	keepers["goroutine_mutex"] = start(lockForGood)
	keepers["goroutine_mutex_twin"] = start(lockAMoment)
	keepers["goroutine_timer"] = start(sleepLong)
	keepers["goroutine_timer_twin"] = start(sleepAWhile)
	keepers["goroutine_read"] = readForGood
	keepers["goroutine_read_twin"] = upTo(most, readForGood)
	keepers["thread"] = start(holdThread)
	keepers["thread_twin"] = upTo(most, start(holdThread))
	mutex.Lock()
	check(0, syscall.Pipe(silent[:]))
}

func start(f func()) func(int) {
	return func(n int) {
		for range n {
			go f()
		}
	}
}

var answers, jobs = make(chan int), make(chan int)

func waitForAnswer() { <-answers }

func worker() {
	for range jobs {
	}
}

var mutex, free sync.Mutex

func lockForGood() {
	mutex.Lock()
	defer mutex.Unlock()
}

func lockAMoment() {
	free.Lock()
	defer free.Unlock()
}

func sleepLong() { time.Sleep(24 * time.Hour) }

func sleepAWhile() { time.Sleep(5 * time.Second) }

// readForGood reads from a peer that never says anything.
func readForGood(n int) {
	for range n {
		conn := check(net.Dial("tcp", mute()))
		go readReply(conn)
	}
}

func readReply(conn net.Conn) {
	defer conn.Close()
	var b [16]byte
	conn.Read(b[:])
}

// mute listens in a process of its own file table's sake in this one: it
// accepts into the backlog and no further.
var mute = sync.OnceValue(func() string {
	fd := check(syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0))
	check(0, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	check(0, syscall.Listen(fd, 4096))
	a := check(syscall.Getsockname(fd)).(*syscall.SockaddrInet4)
	return (&net.TCPAddr{IP: a.Addr[:], Port: a.Port}).String()
})

var silent [2]int

// holdThread keeps a thread in a system call that never ends.
func holdThread() {
	runtime.LockOSThread()
	var b [1]byte
	for {
		if _, err := syscall.Read(silent[0], b[:]); err != syscall.EINTR {
			return
		}
	}
}
