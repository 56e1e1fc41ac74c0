package cause

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"soakmon/soak"
)

// memory is an in-memory stored run.
type memory struct {
	series   map[string]soak.Series
	metas    []soak.ProfileMeta
	profiles [][]byte // by ID
}

func (m *memory) Names() (all []soak.SeriesID) {
	for name := range m.series {
		all = append(all, soak.SeriesOf(soak.RoleTarget, name))
	}
	slices.SortFunc(all, func(a, b soak.SeriesID) int { return strings.Compare(a.Metric, b.Metric) })
	return all
}

func (m *memory) Series(of soak.SeriesID) (soak.Series, error) {
	s, ok := m.series[of.Metric]
	if !ok {
		return s, errors.New("no such series")
	}
	return s, nil
}

func (m *memory) Profiles() ([]soak.ProfileMeta, error) { return m.metas, nil }

func (m *memory) Profile(id uint64) ([]byte, error) { return m.profiles[id], nil }

func newMemory() *memory { return &memory{series: map[string]soak.Series{}} }

// length is the length of the run in minutes, with one profile and one sample a minute.
const length = 60

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }

func (m *memory) add(name string, value func(minute int) float64) {
	s := soak.Series{ID: soak.SeriesOf(soak.RoleTarget, name)}
	for i := range length + 1 {
		s.At, s.Value = append(s.At, minutes(i)), append(s.Value, value(i))
	}
	m.series[name] = s
}

func (m *memory) put(kind string, minute int, data []byte) {
	m.metas = append(m.metas, soak.ProfileMeta{ID: uint64(len(m.profiles)), At: minutes(minute), Process: soak.RoleTarget, Kind: kind, Why: soak.ProfileSchedule})
	m.profiles = append(m.profiles, data)
}

// stack is a stack and the number of goroutines with it at a minute.
type stack struct {
	functions []string
	count     func(minute int) int64
}

func goroutineProfile(t *testing.T, minute int, stacks []stack) []byte {
	t.Helper()
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "goroutine", Unit: "count"}}, PeriodType: &profile.ValueType{Type: "goroutine", Unit: "count"}, Period: 1}
	for _, s := range stacks {
		sample := &profile.Sample{Value: []int64{s.count(minute)}}
		for _, name := range s.functions {
			id := uint64(len(p.Function) + 1)
			f := &profile.Function{ID: id, Name: name, Filename: "/src/" + name + ".go"}
			l := &profile.Location{ID: id, Address: id, Line: []profile.Line{{Function: f, Line: 10}}}
			p.Function, p.Location = append(p.Function, f), append(p.Location, l)
			sample.Location = append(sample.Location, l)
		}
		p.Sample = append(p.Sample, sample)
	}
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// stuck is a program that leaks four goroutines a minute in main.wait, while the size
// of a worker pool fluctuates.
func stuck(t *testing.T) *memory {
	m := newMemory()
	for i := range length + 1 {
		m.put("goroutine", i, goroutineProfile(t, i, []stack{
			{[]string{"runtime.gopark", "runtime.chanrecv", "main.wait"}, func(i int) int64 { return int64(10 + 4*i) }},
			{[]string{"runtime.gopark", "main.work"}, func(i int) int64 { return int64(100 + i%7) }},
		}))
	}
	var dump strings.Builder
	for i := range 250 {
		fmt.Fprintf(&dump, "goroutine %d [chan receive, %d minutes]:\nmain.wait()\n\t/src/main.go:12 +0x1d\ncreated by main.start in goroutine 1\n\t/src/main.go:30 +0x2a\n\n", i+1, i/5)
	}
	m.put("goroutine_dump", length, []byte(dump.String()))
	return m
}

func whole(metric, unit string, slope float64) Leak {
	return Leak{Process: soak.RoleTarget, Metric: metric, Unit: unit, Slope: slope, To: minutes(length), End: minutes(length)}
}

func one(t *testing.T, m *memory, l Leak) Finding {
	t.Helper()
	all, err := Find(m, []Leak{l})
	if err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	return all[0]
}

func TestFind_GoroutineStateAndWait(t *testing.T) {
	f := one(t, stuck(t), whole("goroutines", "count", 240))
	if f.Resource != Goroutine || len(f.Culprits) != 1 {
		t.Fatalf("%+v", f)
	}
	c := f.Culprits[0]
	if c.Function != "main.wait" || c.Line != 12 || c.Detail != "blocked in chan receive, 250 waiting, oldest 49 min" || c.CreatedBy != "main.start (main.go:30)" || c.Share < 0.95 {
		t.Errorf("%+v", c)
	}
}

func TestFind_GoroutineCorrelation(t *testing.T) {
	for metric, slope := range map[string]float64{"threads": 240, "fds": 230} {
		if f := one(t, stuck(t), whole(metric, "count", slope)); len(f.Culprits) != 1 || f.Culprits[0].Function != "main.wait" {
			t.Errorf("%s: %+v", metric, f)
		}
	}
	if f := one(t, stuck(t), whole("fds", "count", 2400)); len(f.Culprits) != 0 || f.Note == "" {
		t.Errorf("ten descriptors to a goroutine: %+v", f)
	}
}

func TestFind_KindsOfDescriptor(t *testing.T) {
	m := newMemory()
	m.add(`sockets{state="close_wait"}`, func(i int) float64 { return float64(2 * i) })
	m.add(`sockets{state="established"}`, func(i int) float64 { return float64(50 + i%5) })
	f := one(t, m, whole("fds", "count", 120))
	if len(f.Culprits) != 1 || !strings.HasPrefix(f.Culprits[0].Detail, "TCP in CLOSE_WAIT (the peer has closed the connection, the program has not): 0 → 120") || f.Explained < 0.95 {
		t.Errorf("%+v", f)
	}
}

func TestFind_KernelResources(t *testing.T) {
	up := func(perMinute, base float64) func(int) float64 {
		return func(i int) float64 { return base + perMinute*float64(i) }
	}
	flat := func(v float64) func(int) float64 { return func(i int) float64 { return v + float64(i%3) } }
	for _, c := range []struct {
		leak     Leak
		series   map[string]func(int) float64
		resource string
		want     string
	}{
		{whole("fds", "count", 120), map[string]func(int) float64{
			`fds_kind{kind="socket"}`: up(2, 5), `fds_kind{kind="file"}`: flat(9), `sockets{state="close_wait"}`: up(2, 0), `sockets_peer{peer="10.0.0.7:443 close_wait"}`: up(2, 0),
		}, FD, "sockets, close_wait to 10.0.0.7:443: 0 → 120 (all sockets: 5 → 125), TCP in CLOSE_WAIT (the peer has closed the connection, the program has not)"},
		{whole("fds", "count", 120), map[string]func(int) float64{
			`fds_kind{kind="socket"}`: up(2, 5), `sockets{state="established"}`: up(2, 4), `sockets_peer{peer="clients of :80 established"}`: up(2, 4),
		}, FD, "sockets, established from clients of :80: 4 → 124 (all sockets: 5 → 125), TCP in ESTABLISHED (connections stay open)"},
		{whole("fds", "count", 120), map[string]func(int) float64{`fds_kind{kind="deleted"}`: up(2, 0), `fds_file{dir="/tmp/up-*"}`: up(2, 0)}, FD, "deleted: 0 → 120, in /tmp/up-*"},
		{whole("fds", "count", 120), map[string]func(int) float64{`fds_kind{kind="anon_inode:[inotify]"}`: up(2, 0), `fds_age_seconds{kind="anon_inode:[inotify]"}`: up(30, 0), `fds_oldest_seconds{kind="anon_inode:[inotify]"}`: up(60, 0)}, FD, "anon_inode:[inotify]: 0 → 120, half of them open for at least 30 min, the oldest for at least 1 h"},
		{whole("threads", "count", 60), map[string]func(int) float64{`threads_comm{comm="io-*"}`: up(1, 4), `threads_comm{comm="main"}`: flat(1)}, Thread, "threads named io-*: 4 → 64"},
		{whole("zombies", "count", 60), map[string]func(int) float64{`children_comm{child="zombie sh of httpd"}`: up(1, 0)}, Child, "children named sh: 0 → 60, exited, but their parent httpd does not wait for them"},
		{whole("children", "count", 60), map[string]func(int) float64{`children_comm{child="cgi of httpd"}`: up(1, 0)}, Child, "children named cgi: 0 → 60, started by httpd"},
		{whole("rss_bytes", "bytes", 60<<20), map[string]func(int) float64{`mapping_bytes{mapping="[heap]"}`: up(1<<20, 4<<20)}, Native, "the malloc heap: 4 MiB → 64 MiB"},
		{whole("rss_bytes", "bytes", 60<<20), map[string]func(int) float64{`mapping_bytes{mapping="anonymous"}`: up(1<<20, 4<<20), "anonymous_mapping_grown_bytes": up(1<<20, 0), "anonymous_mappings": flat(30)}, Native, "an anonymous mapping that grows in size (mmap, or large malloc blocks; adjacent blocks form one mapping): 4 MiB → 64 MiB"},
		{whole("rss_bytes", "bytes", 60<<20), map[string]func(int) float64{`mapping_bytes{mapping="anonymous"}`: up(1<<20, 4<<20), "anonymous_mapping_grown_bytes": flat(1 << 20), `anonymous_mappings_size{size="262144"}`: up(4, 16), "anonymous_mappings": up(4, 40)}, Native, "anonymous mappings of 256 KiB each, growing in number, 16 → 256 (mmap, or large malloc blocks): 4 MiB → 64 MiB"},
		{whole("rss_bytes", "bytes", 60<<20), map[string]func(int) float64{`mapping_bytes{mapping="anonymous"}`: up(1<<20, 4<<20), "anonymous_mappings": up(3, 40)}, Native, "anonymous mappings of several sizes, growing in number, 40 → 220 (mmap, or large malloc blocks): 4 MiB → 64 MiB"},
		{whole("rss_bytes", "bytes", 60<<20), map[string]func(int) float64{`mapping_bytes{mapping="/dev/shm/queue-*"}`: up(1<<20, 4<<20)}, Native, "mapping /dev/shm/queue-*: 4 MiB → 64 MiB"},
		{whole("rss_bytes", "bytes", 60<<20), map[string]func(int) float64{"go_heap_live_bytes": flat(1 << 20), "go_heap_idle_bytes": up(1<<20, 9<<20), "go_heap_released_bytes": flat(1 << 20)},
			Native, "free spans retained by the Go runtime (not a leak of the program): 8 MiB → 68 MiB"},
		{whole("rss_bytes", "bytes", 60<<20), map[string]func(int) float64{"rss_file_bytes": up(1<<20, 0), "rss_anon_bytes": flat(1 << 20)}, Native, "mapped files: 0 B → 60 MiB"},
	} {
		m := newMemory()
		for name, value := range c.series {
			m.add(name, value)
		}
		f := one(t, m, c.leak)
		if len(f.Culprits) == 0 || f.Culprits[0].Detail != c.want || f.Resource != c.resource || f.Culprits[0].Share < 0.95 {
			t.Errorf("%s: %+v\nwant %s", c.leak.Metric, f, c.want)
		}
	}
}

// On a busy machine the tables of sockets are read before the load and at the rests
// only, and after it the clients are gone.
func TestFind_PeerFromFewReadings(t *testing.T) {
	m := newMemory()
	put := func(name string, readings ...float64) {
		var s soak.Series
		for i := 0; i < len(readings); i += 2 {
			s.At, s.Value = append(s.At, time.Duration(readings[i])*time.Second), append(s.Value, readings[i+1])
		}
		m.series[name] = s
	}
	put("fds", 1, 10, 13, 215, 18, 228, 54, 320, 90, 410, 128, 504, 136, 504, 145, 314)
	put(`fds_kind{kind="socket"}`, 1, 1, 13, 205, 18, 218, 30, 247, 42, 277, 54, 308, 66, 337, 78, 367, 90, 398, 102, 427, 114, 458, 126, 488, 136, 495, 145, 305)
	put(`fds_kind{kind="file"}`, 1, 2, 13, 2, 18, 2, 30, 2, 42, 2, 54, 2, 66, 2, 78, 2, 90, 2, 102, 2, 114, 2, 126, 2, 136, 2, 145, 2)
	put(`sockets_peer{peer="192.0.2.1:5432 established"}`, 13, 14, 18, 27, 135, 306, 136, 304, 145, 304)
	put(`sockets_peer{peer="clients of :80 established"}`, 13, 192, 18, 190, 136, 190, 145, 0)
	at := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	l := Leak{Process: soak.RoleTarget, Metric: "fds", Unit: "count", Slope: 9030, From: at(28), To: at(128), Begin: at(8), Close: at(137), End: at(146)}
	f := one(t, m, l)
	want := "sockets, established to 192.0.2.1:5432: 14 → 304 (all sockets: 205 → 495)"
	if len(f.Culprits) != 1 || f.Culprits[0].Detail != want || f.Explained < 0.95 {
		t.Errorf("%+v\nwant %s", f, want)
	}
}

// In half a minute descriptors are listed a few times only.
func TestFind_SuspectKindFromFewReadings(t *testing.T) {
	m := newMemory()
	put := func(name string, values ...float64) {
		var s soak.Series
		for i, v := range values {
			s.At, s.Value = append(s.At, time.Duration(10*i)*time.Second), append(s.Value, v)
		}
		m.series[name] = s
	}
	put("fds", 10, 160, 310, 460, 460)
	put(`fds_kind{kind="file"}`, 0, 150, 300, 450, 450)
	put(`fds_kind{kind="pipe"}`, 10, 10, 10, 10, 10)
	put(`fds_file{dir="/srv/data"}`, 0, 150, 300, 450, 450)
	l := Leak{Process: soak.RoleTarget, Metric: "fds", Unit: "count", Slope: 54_000, From: 10 * time.Second, To: 30 * time.Second, Begin: 10 * time.Second, Close: 45 * time.Second, End: 50 * time.Second}
	f := one(t, m, l)
	if len(f.Culprits) != 1 || f.Culprits[0].Detail != "file: 150 → 450, in /srv/data" || !f.Culprits[0].Suspect || f.Culprits[0].Share != 1 || f.Explained >= 0 {
		t.Errorf("%+v", f)
	}
}

// Two snapshots of a fast leak suffice for a suspect, and certainty needs more.
func TestFind_SuspectFromTwoSnapshots(t *testing.T) {
	m := newMemory()
	m.series["goroutines"] = soak.Series{At: []time.Duration{0, 30 * time.Second}, Value: []float64{400, 1000}}
	snapshot := func(i int) []byte {
		return goroutineProfile(t, i, []stack{
			{[]string{"runtime.gopark", "main.answer"}, func(i int) int64 { return int64(200 + 20*i) }},
			{[]string{"runtime.gopark", "main.serve"}, func(i int) int64 { return int64(190 - i/20*190) }},
		})
	}
	second := Leak{Process: soak.RoleTarget, Metric: "goroutines", Unit: "count", Slope: 72_000, To: 30 * time.Second, End: 40 * time.Second}
	for i := range 2 {
		m.put("goroutine", 0, snapshot(20*i))
		m.metas[i].At = time.Duration(20*i) * time.Second
	}
	f := one(t, m, second)
	if len(f.Culprits) != 1 || f.Culprits[0].Function != "main.answer" || !f.Culprits[0].Suspect || f.Culprits[0].Share < 0.95 || f.Explained >= 0 {
		t.Errorf("%+v", f)
	}
	m.metas, m.profiles = m.metas[:1], m.profiles[:1]
	if f := one(t, m, second); len(f.Culprits) != 0 || f.Note == "" {
		t.Errorf("one snapshot: %+v", f)
	}
}

// A kind of memory is not a place.
func TestFind_KindOfMemoryExplainsNothing(t *testing.T) {
	up := func(i int) float64 { return float64(i << 20) }
	for mapping, kind := range map[string]string{"[heap]": "the malloc heap", "anonymous": "anonymous mappings", "Go heap": "Go heap", "/dev/shm/queue-*": "", "(other)": "mappings of many other files"} {
		m := newMemory()
		m.add(soak.LabelName("mapping_bytes", "mapping", mapping), up)
		f := one(t, m, whole("rss_bytes", "bytes", 60<<20))
		if len(f.Culprits) != 1 || f.Culprits[0].Kind != kind || (f.Explained > 0.95) != (kind == "") {
			t.Errorf("%s: %+v", mapping, f)
		}
	}
}

func TestFind_WithoutProfiles(t *testing.T) {
	for metric, want := range map[string]string{"go_heap_live_bytes": "no URL of the target's /debug/pprof/ is known", "goroutines": "no URL of the target's /debug/pprof/ is known"} {
		if f := one(t, newMemory(), whole(metric, "bytes", 1e6)); len(f.Culprits) > 0 || !strings.Contains(f.Note, want) {
			t.Errorf("%s: %+v", metric, f)
		}
	}
	m := stuck(t)
	for i := range m.profiles {
		m.profiles[i] = m.profiles[i][:20]
	}
	if f := one(t, m, whole("goroutines", "count", 240)); len(f.Culprits) > 0 || !strings.Contains(f.Note, "could not") {
		t.Errorf("%+v", f)
	}
}

func TestFind_NewestProcessOnly(t *testing.T) {
	m := stuck(t)
	m.add("goroutines", func(i int) float64 { return float64(110 + 4*i) })
	s := m.series["goroutines"]
	s.Breaks = []time.Duration{minutes(50)}
	m.series["goroutines"] = s
	f := one(t, m, whole("goroutines", "count", 240))
	if len(f.Culprits) != 1 || f.Culprits[0].Function != "main.wait" {
		t.Fatalf("%+v", f)
	}
	finder := &finder{src: m, metas: m.metas, courses: map[string]*stretch{}}
	if n := finder.course("goroutine", whole("goroutines", "count", 240)).course.Len(); n != 11 {
		t.Errorf("%d snapshots", n)
	}
}
