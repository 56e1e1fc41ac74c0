package supervise

import (
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
)

// family of the tests: 10 is the monitor, in session 5.
func testTree(list ...proc) tree {
	t := tree{1: {ident: ident{1, 1}}, 10: {ident: ident{10, 100}, ppid: 1, session: 5}}
	for _, p := range list {
		t[p.pid] = p
	}
	return t
}

func TestKinOf(t *testing.T) {
	held := &member{ident: ident{20, 200}, mark: "h", held: true}
	old := &member{ident: ident{30, 300}, mark: "o", known: map[ident]bool{{39, 390}: true}}
	young := &member{ident: ident{40, 400}, mark: "y"}
	members := []*member{held, old, young}
	parent := func(pid, ppid, session int) proc {
		return proc{ident: ident{pid, uint64(pid) * 10}, ppid: ppid, session: session, group: session}
	}
	for name, c := range map[string]struct {
		p     proc
		marks string
		want  *member
	}{
		"the child itself":                              {p: parent(30, 10, 30), want: old},
		"its child in another session":                  {p: parent(31, 30, 31), want: old},
		"an orphan of its session":                      {p: parent(32, 10, 30), want: old},
		"its daemon, by its mark":                       {p: parent(50, 10, 50), marks: "x,o", want: old},
		"a stray without a mark goes to the youngest":   {p: parent(51, 10, 51), want: young},
		"an older stray goes to who was there then":     {p: parent(35, 10, 35), want: old},
		"a stray older than all is nobody's":            {p: parent(25, 10, 25), want: nil},
		"known, though its parent has just gone":        {p: proc{ident: ident{39, 390}, ppid: 999}, want: old},
		"the same pid with another start is not known":  {p: proc{ident: ident{39, 391}, ppid: 999}, want: nil},
		"a child by other means, in our session":        {p: parent(52, 10, 5), want: nil},
		"a stranger below init":                         {p: parent(53, 1, 53), want: nil},
		"a stranger whose session recycled the number":  {p: proc{ident: ident{54, 540}, ppid: 1, session: 30}, want: nil},
		"our child, in a session older than the member": {p: proc{ident: ident{33, 250}, ppid: 10, session: 30}, want: nil},
	} {
		t.Run(name, func(t *testing.T) {
			all := testTree(parent(20, 10, 20), parent(30, 10, 30), parent(40, 10, 40), c.p)
			got := kinOf(c.p, all, 10, members, func(int) []string { return strings.Split(c.marks, ",") })
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

const statLine = "42 (a) (b c) S 7 8 9 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 123 456\n"

func TestParseStatSurvivesAnyName(t *testing.T) {
	p, err := parseStat([]byte(statLine))
	want := proc{ident: ident{42, 98765}, ppid: 7, group: 8, session: 9, state: "S", name: "a) (b c"}
	if err != nil || p != want {
		t.Errorf("%+v, %v", p, err)
	}
	for _, bad := range []string{"", "42", "42 (x)", "42 (x) S 1 2 3", ") (", strings.Replace(statLine, "98765", "x", 1)} {
		if _, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte(statLine))
	f.Fuzz(func(t *testing.T, b []byte) { parseStat(b) })
}

func TestChainEndsInACircle(t *testing.T) {
	all := tree{2: {ident: ident{2, 1}, ppid: 3}, 3: {ident: ident{3, 1}, ppid: 2}}
	if n := len(all.chain(2)); n != 2 {
		t.Errorf("chain of %d", n)
	}
}

func TestRootOfSharedPort(t *testing.T) {
	p := func(pid, ppid int) proc { return proc{ident: ident{pid, uint64(pid)}, ppid: ppid} }
	all := tree{1: p(1, 0), 2: p(2, 1), 3: p(3, 2), 4: p(4, 2), 5: p(5, 3), 6: p(6, 1)}
	same := func(int) string { return "/bin/server" }
	other := func(pid int) string { return itoa(pid) }
	for name, c := range map[string]struct {
		owners []int
		exe    func(int) string
		want   int // 0: refused
	}{
		"one":                                    {[]int{5}, other, 5},
		"master and workers":                     {[]int{3, 5, 2}, other, 2},
		"workers of a master without a socket":   {[]int{3, 4}, same, 2},
		"two servers that a shell started":       {[]int{3, 4}, other, 0},
		"two families":                           {[]int{5, 6}, other, 0},
		"socket activation: init does not count": {[]int{1, 3}, other, 3},
		"nobody but init":                        {[]int{1}, other, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var owners []proc
			for _, pid := range c.owners {
				owners = append(owners, all[pid])
			}
			got, err := rootOf(owners, all, c.exe)
			if got.pid != c.want || (err != nil) != (c.want == 0) {
				t.Errorf("got %d, %v", got.pid, err)
			}
		})
	}
}

func TestMatchingPrefersWhatAClientWouldReach(t *testing.T) {
	sock := func(network, addr string) socket {
		return socket{network: network, addr: netip.MustParseAddrPort(addr)}
	}
	all := []socket{
		sock("udp", "127.0.0.1:80"), sock("tcp", "0.0.0.0:80"), sock("tcp", "127.0.0.1:80"), sock("tcp", "[::]:81"), sock("udp", "0.0.0.0:82"), sock("tcp", "0.0.0.0:83"),
	}
	for ask, want := range map[string]string{
		"127.0.0.1:80": "127.0.0.1:80", "127.0.0.2:80": "0.0.0.0:80", "127.0.0.1:81": "[::]:81", "[::1]:81": "[::]:81", "127.0.0.1:82": "0.0.0.0:82", "[::1]:83": "", "127.0.0.1:84": "",
	} {
		var got []string
		for _, s := range matching(all, []netip.AddrPort{netip.MustParseAddrPort(ask)}) {
			got = append(got, s.addr.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s is served by %q, want %q", ask, got, want)
		}
	}
	if n := len(matching(all, []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:80")})); n != 2 {
		t.Errorf("all addresses of port 80 over TCP: %d sockets, want 2", n)
	}
}

const tcpTable = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F91 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 20 4 30 10 -1
   2: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1
   3: 0000000000000000FFFF00000100007F:0051 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4714 1
   4: nonsense
`

func TestParseSocketsKeepsWhatListens(t *testing.T) {
	var got []string
	for _, s := range parseSockets("tcp", []byte(tcpTable)) {
		got = append(got, s.addr.String())
	}
	if want := []string{"127.0.0.1:8080", "[::1]:80", "127.0.0.1:81"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func FuzzParseSockets(f *testing.F) {
	f.Add([]byte(tcpTable))
	f.Fuzz(func(t *testing.T, table []byte) {
		for _, s := range parseSockets("udp", table) {
			if !s.addr.IsValid() || s.addr.Addr().Is4In6() {
				t.Errorf("%+v", s)
			}
		}
	})
}

func TestRedactHidesWhatLooksSecret(t *testing.T) {
	in := []string{"srv", "--password", "p1", "--api-token=p2", "-key", "p3", "--verbose", "--auth-secret", "--next", "DB_PASSWORD=p4", "http://u:p5@host/x", "sh -c 'srv --token p6 TOKEN=p7'", "plain"}
	out := strings.Join(redact(in), " ")
	for i := range 7 {
		if s := "p" + itoa(i+1); strings.Contains(out, s) {
			t.Errorf("%s is shown in %s", s, out)
		}
	}
	for _, keep := range []string{"srv", "--password", "--verbose", "--next", "@host/x", "plain"} {
		if !strings.Contains(out, keep) {
			t.Errorf("%s is missing in %s", keep, out)
		}
	}
}

func TestCgroupLimitIsTheSmallestOnTheWayUp(t *testing.T) {
	root := t.TempDir()
	for dir, limit := range map[string]string{"/": "max", "/a": "1000", "/a/b": "2000", "/a/b/c": "max"} {
		if err := os.MkdirAll(root+dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(root+dir+"/memory.max", []byte(limit+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := cgroupLimit(root, "/a/b/c", "memory.max"); got != 1000 {
		t.Errorf("limit %d", got)
	}
}

func TestTailKeepsTheLastLines(t *testing.T) {
	var x tail
	for i := range 100 {
		x.add("line " + itoa(i))
	}
	if s := x.String(); strings.Contains(s, "line 89\n") || !strings.Contains(s, "line 90\n") || !strings.HasSuffix(s, "line 99") {
		t.Error(s)
	}
}
