package procfs

import (
	"math"
	"net/netip"
	"strings"
	"testing"
)

const statTail = "S 7 8 9 34816 -1 4194304 11 22 33 44 500 60 70 8 20 -5 9 0 123456789 98304 12 18446744073709551615"

func TestParseStat_AnyName(t *testing.T) {
	want := Stat{ID: ID{42, 123456789}, State: 'S', Parent: 7, Group: 8, Session: 9, Threads: 9, CPU: 560, MinorFaults: 11, MajorFaults: 33,
		Virtual: 98304, ChildCPU: 78, ChildMinorFaults: 22, ChildMajorFaults: 44}
	for _, name := range []string{"sh", "a b", "a) S 1 2 (b)", "", "\n"} {
		row := []byte("42 (" + name + ") " + statTail)
		got, err := ParseStat(row)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v", name, got, err)
		}
		if got, _ = parseWhole(row); got.Comm != name {
			t.Errorf("%q: name %q", name, got.Comm)
		}
	}
}

func TestParseStat_Rejects(t *testing.T) {
	for _, bad := range []string{"", "42", ") (", "1 (x)", "1 (x) ", "1 (x) S 1 2", "1 (x) S a b c", "x (x) " + statTail,
		"1 (x) " + strings.Replace(statTail, "123456789", "x", 1), "1 (x) " + strings.Replace(statTail, "500", "-500", 1),
		"1 (x) " + strings.Replace(statTail, "S 7", "S 99999999999", 1)} {
		if got, err := ParseStat([]byte(bad)); err == nil {
			t.Errorf("%q: %+v", bad, got)
		}
	}
}

func TestParseStat_WhileReaped(t *testing.T) {
	st, err := ParseStat([]byte("42 (x) " + strings.Replace(statTail, "S 7 8 9", "X 0 -1 -1", 1)))
	if err != nil || st.Group != -1 || st.Session != -1 || !st.Ended() {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestStat_Ended(t *testing.T) {
	for _, test := range []struct {
		st              Stat
		ended, headless bool
	}{
		{Stat{State: 'Z', Threads: 1}, true, false},
		{Stat{State: 'Z', Threads: 0}, true, false},
		{Stat{State: 'Z', Threads: 5}, false, true},
		{Stat{State: 'X'}, true, false},
		{Stat{State: 'S', Threads: 1}, false, false},
		{Stat{State: 'D', Threads: 1}, false, false},
	} {
		if test.st.Ended() != test.ended || test.st.Headless() != test.headless {
			t.Errorf("state %c, %d threads: ended %v, headless %v", test.st.State, test.st.Threads, test.st.Ended(), test.st.Headless())
		}
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]uint64{" 18446744073709551615 kB": math.MaxUint64, "0x": 0, "7": 7} {
		if n, ok := Number([]byte(text)); !ok || n != want {
			t.Errorf("%q: %d, %v", text, n, ok)
		}
	}
	for _, bad := range []string{"", " ", "-1", "x1", "18446744073709551616", "99999999999999999999999"} {
		if n, ok := Number([]byte(bad)); ok {
			t.Errorf("%q is %d", bad, n)
		}
	}
}

// The rows are of an amd64 machine; the byte order of addresses is the host's.
const tcpTable = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F91 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 20 4 30 10 -1
   2: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1
   3: 0000000000000000FFFF00000100007F:0051 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4714 1
   4: nonsense
`

func TestParseSocket(t *testing.T) {
	var got []Socket
	if err := Rows(strings.NewReader(tcpTable), func(row []byte) {
		if s, ok := ParseSocket(row); ok {
			got = append(got, s)
		}
	}); err != nil {
		t.Fatal(err)
	}
	addr := netip.MustParseAddrPort
	want := []Socket{
		{Local: addr("127.0.0.1:8080"), Remote: addr("0.0.0.0:0"), State: Listen, Inode: 4711},
		{Local: addr("127.0.0.1:8081"), Remote: addr("127.0.0.1:40000"), State: 1, Inode: 4712},
		{Local: addr("[::1]:80"), Remote: addr("[::]:0"), State: Listen, Inode: 4713},
		{Local: addr("127.0.0.1:81"), Remote: addr("[::]:0"), State: Listen, Inode: 4714},
	}
	if len(got) != len(want) {
		t.Fatalf("%d sockets: %+v", len(got), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestParseSocket_Rejects(t *testing.T) {
	row := strings.Split(tcpTable, "\n")[1]
	for from, to := range map[string]string{"0100007F:1F90": "0100007:1F90", ":1F90": ":11F90", " 0A ": " AA ", "4711": "x", ":0000 ": "0000 ", "0100007F": "010000xF"} {
		if s, ok := ParseSocket([]byte(strings.Replace(row, from, to, 1))); ok {
			t.Errorf("%s in place of %s: %+v", to, from, s)
		}
	}
}

func TestParseCgroup_BothVersions(t *testing.T) {
	v1, v2 := ParseCgroup([]byte("12:cpu,memory:/a\n4:devices:/b\n0::/c:d/e\n"))
	if v1 != "/a" || v2 != "/c:d/e" {
		t.Errorf("%q %q", v1, v2)
	}
}

func TestParse_AllocatesNothing(t *testing.T) {
	stat, row := []byte("42 (x) "+statTail), []byte(strings.Split(tcpTable, "\n")[3])
	if n := testing.AllocsPerRun(100, func() {
		_, err := ParseStat(stat)
		if _, ok := ParseSocket(row); !ok || err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzParse holds that no content of any file makes a parser panic, or return
// what cannot be.
func FuzzParse(f *testing.F) {
	f.Add([]byte("42 (x) " + statTail))
	f.Add([]byte("42 (a) (b c) Z 7 8 9 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 123 456\n"))
	for row := range strings.Lines(tcpTable) {
		f.Add([]byte(row))
	}
	f.Add([]byte("4:memory:/x\n0::/"))
	f.Add([]byte("VmRSS:\t12 kB\nState:\tZ"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if st, err := parseWhole(b); err == nil && (st.PID < 0 || st.Parent < 0 || st.Threads < 0 || st.Group < -1 || st.Session < -1 || st.Ended() && st.Headless()) {
			t.Errorf("%+v of %q", st, b)
		}
		if s, ok := ParseSocket(b); ok && (!s.Local.IsValid() || !s.Remote.IsValid() || s.Local.Addr().Is4In6() || s.State > 15) {
			t.Errorf("%+v of %q", s, b)
		}
		ParseUnixInode(b)
		ParseCgroup(b)
		Lines(b, func(key, value []byte) {
			if len(key) == 0 {
				t.Errorf("an empty key in %q", b)
			}
			Number(value)
		})
	})
}

func BenchmarkParseStat(b *testing.B) {
	row := []byte("42 (nginx) " + statTail)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseStat(row); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseSocket(b *testing.B) {
	row := []byte(strings.Split(tcpTable, "\n")[3])
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := ParseSocket(row); !ok {
			b.Fatal("not parsed")
		}
	}
}
