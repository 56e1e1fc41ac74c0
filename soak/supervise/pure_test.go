//go:build unix

package supervise

import (
	"net/netip"
	"strings"
	"testing"

	"soakmon/soak/procfs"
)

func id(pid int, start uint64) procfs.ID { return procfs.ID{PID: pid, Start: start} }

// testSnapshot holds the monitor, pid 10 in session 5, and what is listed.
func testSnapshot(list ...procfs.Stat) snapshot {
	t := snapshot{1: {ID: id(1, 1)}, 10: {ID: id(10, 100), Parent: 1, Session: 5}}
	for _, p := range list {
		t[p.PID] = p
	}
	return t
}

func TestTreeOf_Kinship(t *testing.T) {
	held := &treeRoot{ID: id(20, 200), mark: "h", held: true}
	old := &treeRoot{ID: id(30, 300), mark: "o", known: map[procfs.ID]bool{id(39, 390): true}}
	young := &treeRoot{ID: id(40, 400), mark: "y"}
	roots := []*treeRoot{held, old, young}
	parent := func(pid, ppid, session int) procfs.Stat {
		return procfs.Stat{ID: id(pid, uint64(pid)*10), Parent: ppid, Session: session, Group: session}
	}
	for name, c := range map[string]struct {
		p     procfs.Stat
		marks string
		want  *treeRoot
	}{
		"the child itself":                             {p: parent(30, 10, 30), want: old},
		"its child in another session":                 {p: parent(31, 30, 31), want: old},
		"an orphan of its session":                     {p: parent(32, 10, 30), want: old},
		"its daemon, by its mark":                      {p: parent(50, 10, 50), marks: "x,o", want: old},
		"a stray without a mark goes to the youngest":  {p: parent(51, 10, 51), want: young},
		"an older stray goes to who was there then":    {p: parent(35, 10, 35), want: old},
		"a stray older than all is nobody's":           {p: parent(25, 10, 25), want: nil},
		"known, though its parent has just gone":       {p: procfs.Stat{ID: id(39, 390), Parent: 999}, want: old},
		"the same pid with another start is not known": {p: procfs.Stat{ID: id(39, 391), Parent: 999}, want: nil},
		"a child by other means, in our session":       {p: parent(52, 10, 5), want: nil},
		"a stranger below init":                        {p: parent(53, 1, 53), want: nil},
		"a stranger whose session recycled the number": {p: procfs.Stat{ID: id(54, 540), Parent: 1, Session: 30}, want: nil},
		"our child, in a session older than the child": {p: procfs.Stat{ID: id(33, 250), Parent: 10, Session: 30}, want: nil},
	} {
		t.Run(name, func(t *testing.T) {
			all := testSnapshot(parent(20, 10, 20), parent(30, 10, 30), parent(40, 10, 40), c.p)
			got := treeOf(c.p, all, 10, roots, func(int) []string { return strings.Split(c.marks, ",") })
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestSnapshot_ChainCircle(t *testing.T) {
	all := snapshot{2: {ID: id(2, 1), Parent: 3}, 3: {ID: id(3, 1), Parent: 2}}
	if n := len(all.chain(2)); n != 2 {
		t.Errorf("chain of %d", n)
	}
}

func TestCommonRoot_SharedPort(t *testing.T) {
	p := func(pid, ppid int) procfs.Stat { return procfs.Stat{ID: id(pid, uint64(pid)), Parent: ppid} }
	all := snapshot{1: p(1, 0), 2: p(2, 1), 3: p(3, 2), 4: p(4, 2), 5: p(5, 3), 6: p(6, 1)}
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
			var owners []procfs.Stat
			for _, pid := range c.owners {
				owners = append(owners, all[pid])
			}
			got, err := commonRoot(owners, all, c.exe)
			if got.PID != c.want || (err != nil) != (c.want == 0) {
				t.Errorf("got %d, %v", got.PID, err)
			}
		})
	}
}

func TestMatching_Precedence(t *testing.T) {
	sock := func(network, addr string) procfs.Socket {
		return procfs.Socket{Network: network, Local: netip.MustParseAddrPort(addr)}
	}
	all := []procfs.Socket{
		sock("udp", "127.0.0.1:80"), sock("tcp", "0.0.0.0:80"), sock("tcp", "127.0.0.1:80"), sock("tcp", "[::]:81"), sock("udp", "0.0.0.0:82"), sock("tcp", "0.0.0.0:83"),
	}
	for ask, want := range map[string]string{
		"127.0.0.1:80": "127.0.0.1:80", "127.0.0.2:80": "0.0.0.0:80", "127.0.0.1:81": "[::]:81", "[::1]:81": "[::]:81", "127.0.0.1:82": "0.0.0.0:82", "[::1]:83": "", "127.0.0.1:84": "",
	} {
		var got []string
		for _, s := range matching(all, []netip.AddrPort{netip.MustParseAddrPort(ask)}) {
			got = append(got, s.Local.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s is served by %q, want %q", ask, got, want)
		}
	}
	if n := len(matching(all, []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:80")})); n != 2 {
		t.Errorf("all addresses of port 80 over TCP: %d sockets, want 2", n)
	}
}

func TestRedact_Secrets(t *testing.T) {
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

func TestTail_LastLines(t *testing.T) {
	var x tail
	for i := range 100 {
		x.add("line " + itoa(i))
	}
	if s := x.String(); strings.Contains(s, "line 89\n") || !strings.Contains(s, "line 90\n") || !strings.HasSuffix(s, "line 99") {
		t.Error(s)
	}
}
