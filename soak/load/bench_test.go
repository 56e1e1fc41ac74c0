package load

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"soakmon/soak"
)

// serveEnv makes this test binary the reference destination, a process of its
// own as in real use: it prints its address and serves until its input ends.
const serveEnv = "SOAK_LOAD_SERVE"

func TestMain(m *testing.M) {
	if os.Getenv(serveEnv) == "" {
		os.Exit(m.Run())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	destination := NewDestination(nil)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go destination.Serve(conn)
		}
	}()
	fmt.Println(l.Addr())
	_, _ = os.Stdin.Read(make([]byte, 1))
}

// destinationProcess starts a destination as a process and gives its address.
func destinationProcess(b *testing.B) (address string) {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveEnv+"=1")
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	if _, err := fmt.Fscanln(out, &address); err != nil {
		b.Fatal(err)
	}
	return address
}

// BenchmarkPacing drives an echo of 4 KiB in another process for 10 s. err_% is
// the rate's distance from its plan, lags are from due to the start in a slot.
func BenchmarkPacing(b *testing.B) {
	for _, rate := range []float64{200, 1000} {
		b.Run(fmt.Sprintf("%.0f", rate), func(b *testing.B) {
			address := destinationProcess(b)
			for b.Loop() {
				d := drive(b, DriveOptions{Open: openTCP})
				d.start(time.Second, overTCP(address, Echo, 4096, rate, 200))
				d.until("warm-up", func(t soak.Tally) bool { return t.Seq == 3 })
				from, lag := d.last, decode(b, d.last.Pacer)
				lag.Reset()
				for range 10 {
					lag.Merge(decode(b, d.next().Pacer))
				}
				span := d.last.Wall.Sub(from.Wall).Seconds()
				done := d.last.Loads[0].Operations - from.Loads[0].Operations
				b.ReportMetric(100*(float64(done)/span/rate-1), "err_%")
				b.ReportMetric(float64(d.last.Loads[0].Late), "late")
				for _, q := range []float64{50, 95, 99} {
					b.ReportMetric(float64(lag.ValueAtQuantile(q))/1000, fmt.Sprintf("lag_p%.0f_µs", q))
				}
				d.stop()
			}
		})
	}
}

// BenchmarkEcho is one verified echo of 4 KiB after the other.
func BenchmarkEcho(b *testing.B) {
	s := open(b, destinationProcess(b), Echo, 4096)
	b.ReportAllocs()
	n := uint64(0)
	for b.Loop() {
		n++
		if _, _, err := s.Do(n, time.Now().Add(time.Second)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBulk_Iperf3 compares verified transfers with iperf3, both over
// loopback between two processes, in 5 interleaved rounds of 2 s.
func BenchmarkBulk_Iperf3(b *testing.B) {
	address := destinationProcess(b)
	port := iperf3Server(b)
	for _, c := range []struct {
		mode string
		flag []string
	}{{BulkUp, nil}, {BulkDown, []string{"-R"}}} {
		b.Run(c.mode, func(b *testing.B) {
			for b.Loop() {
				var ratios, ours, theirs []float64
				for range 5 {
					theirs = append(theirs, iperf3(b, port, c.flag...))
					ours = append(ours, bulk(b, address, c.mode, 2*time.Second))
					ratios = append(ratios, ours[len(ours)-1]/theirs[len(theirs)-1])
				}
				b.ReportMetric(median(ratios), "ratio")
				b.ReportMetric(median(ours), "MB/s")
				b.ReportMetric(median(theirs), "iperf3_MB/s")
			}
		})
	}
}

// bulk is the rate of transfers of 64 MiB on one connection, in MB/s.
func bulk(b *testing.B, address, mode string, span time.Duration) float64 {
	const size = 64 << 20
	s := open(b, address, mode, size)
	defer s.Close()
	begun, moved := time.Now(), int64(0)
	for n := uint64(0); time.Since(begun) < span; n++ {
		sent, received, err := s.Do(n, time.Now().Add(time.Minute))
		if err != nil {
			b.Fatal(err)
		}
		moved += sent + received
	}
	return float64(moved) / time.Since(begun).Seconds() / 1e6
}

func iperf3Server(b *testing.B) (port string) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	_, port, _ = net.SplitHostPort(l.Addr().String())
	l.Close()
	cmd := exec.Command("iperf3", "-s", "-p", port)
	if err := cmd.Start(); err != nil {
		b.Skipf("needs iperf3: %v", err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	waitFor(b, "iperf3 listens", func() bool {
		conn, err := tcp("127.0.0.1:" + port).Dial(context.Background())
		if err != nil {
			return false
		}
		conn.Close()
		return true
	})
	return port
}

func iperf3(b *testing.B, port string, flags ...string) float64 {
	b.Helper()
	args := append([]string{"-c", "127.0.0.1", "-p", port, "-t", "2", "-J"}, flags...)
	out, err := exec.Command("iperf3", args...).Output()
	if err != nil {
		b.Fatalf("iperf3: %v: %s", err, out)
	}
	var report struct {
		End struct {
			Received struct {
				BitsPerSecond float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		} `json:"end"`
	}
	if err := json.Unmarshal(out, &report); err != nil {
		b.Fatal(err)
	}
	return report.End.Received.BitsPerSecond / 8e6
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

// BenchmarkFlush encodes an interval of 200 latencies; bytes is its length.
func BenchmarkFlush(b *testing.B) {
	r := newRecorder()
	b.ReportAllocs()
	var n int
	for b.Loop() {
		for i := range 200 {
			r.record(time.Duration(60_000 + i*i*7))
		}
		s, err := json.Marshal(r.flush())
		if err != nil {
			b.Fatal(err)
		}
		n = len(s)
	}
	b.ReportMetric(float64(n), "bytes")
}
