package protocol_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/options"
	"soakmon/soak/peer"
	"soakmon/soak/plan"
	"soakmon/soak/protocol"
	"soakmon/soak/supervise"
)

// With SOAK_LONG=1 the tests with real servers and clients do more of everything;
// with SOAK_PEERS=long they are a campaign of about half an hour:
// go test -run Real -timeout 60m ./soak/protocol
var campaign = func() (c struct {
	roundTrips, sessions int   // of an echo, one after the other
	bulk                 int64 // bytes of a transfer
	concurrent           int
	patience             time.Duration // with an operation
}) {
	c.roundTrips, c.sessions, c.bulk, c.concurrent, c.patience = count(50, 500), 5, count[int64](1<<20, 4<<20), count(20, 50), patience
	if os.Getenv("SOAK_PEERS") == "long" {
		c.roundTrips, c.sessions, c.bulk, c.concurrent, c.patience = 10_000, 100, 1<<30, 500, 10*time.Minute
	}
	return c
}()

// real is a server that runs as soak init sets it up.
type real struct {
	plan   soak.Plan
	target *supervise.Target
}

// startReal starts a setup; when it is killed, it is started again.
func startReal(t *testing.T, name string) real {
	t.Helper()
	return startEdited(t, name, func(folder string) {})
}

// startEdited is startReal with another configuration.
func startEdited(t *testing.T, name string, edit func(folder string)) real {
	t.Helper()
	setup, err := peer.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	needed(t, setup.Program.Name)
	folder := filepath.Join(t.TempDir(), name)
	if _, err := setup.Write(folder); err != nil {
		t.Fatal(err)
	}
	p, err := plan.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	edit(folder)
	p.Target.OnExit = soak.OnExit{Restart: true, Max: 10, Backoff: 10 * time.Millisecond}
	return real{p, supervised(t, p.Target)}
}

// needed skips the test if a program is missing; CI accepts no skips. An sshd does
// not admit the user nobody, whom systemd reports as locked.
func needed(t *testing.T, program string) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a real server: make test")
	}
	if program == "sshd" && os.Getuid() == 65534 {
		t.Skip("needs a user other than nobody")
	}
	if _, ok := peer.Find(program); !ok {
		t.Skipf("needs %s: make peers", program)
	}
}

func supervised(t *testing.T, target soak.Target) *supervise.Target {
	t.Helper()
	s, err := supervise.NewTarget(context.Background(), target, supervise.TargetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

// aimed gives a workload of a real server's plan with a destination of its own,
// and what closes that.
func aimed(t *testing.T, w soak.Workload) (soak.Workload, func()) {
	t.Helper()
	p, ok := protocol.Lookup(w.Protocol)
	if !ok {
		t.Fatalf("there is no protocol %s", w.Protocol)
	}
	w.Dirty = nil
	if !p.Proxy {
		return w, func() {}
	}
	echo, _ := protocol.Lookup(w.Network)
	destination := serve(t, echo, protocol.ServeOptions{})
	w.Destination = destination.Addr()
	return w, func() { destination.Close() }
}

// with is a workload with other options.
func with(t *testing.T, w soak.Workload, over string) soak.Workload {
	t.Helper()
	var err error
	if w.Options, err = options.Merge(soak.Options{JSON: []byte(over)}, w.Options); err != nil {
		t.Fatal(err)
	}
	return w
}

// inSessions opens a load and does operations, one after the other, on as many
// sessions.
func inSessions(t *testing.T, w soak.Workload, sessions, each int) {
	t.Helper()
	opener, err := protocol.Open(w)
	if err != nil {
		t.Fatal(err)
	}
	defer opener.Close()
	for range sessions {
		if err := operate(opener, each, campaign.patience); err != nil {
			t.Fatalf("%s: %v", load.Kind(err, false), err)
		}
	}
}

// operate opens a session and does operations on it. A lost datagram is sent
// again: UDP promises nothing.
func operate(opener load.Opener, operations int, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	s, err := opener.Open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	for n := range uint64(operations) {
		_, _, err := s.Do(n, time.Now().Add(timeout))
		if errors.Is(err, load.ErrLost) {
			_, _, err = s.Do(n, time.Now().Add(timeout))
		}
		if err != nil {
			return fmt.Errorf("operation %d: %w", n, err)
		}
	}
	return nil
}

func TestRealServers_ServeOurClients(t *testing.T) {
	for _, name := range []string{"sing-box-all", "xray-all", "openssh", "nginx"} {
		t.Run(name, func(t *testing.T) {
			server := startReal(t, name)
			for _, w := range server.plan.Load {
				t.Run(w.Name, func(t *testing.T) { server.serves(t, w) })
			}
			t.Run("dirty", func(t *testing.T) { server.servesAmongDirty(t) })
		})
	}
}

func (r real) serves(t *testing.T, w soak.Workload) {
	withoutGC(t)
	fds, goroutines := held()
	w, closeDestination := aimed(t, w)
	t.Run("echo", func(t *testing.T) { inSessions(t, w, campaign.sessions, campaign.roundTrips/campaign.sessions) })
	if w.Network == "tcp" && w.Destination != "" {
		for _, mode := range []string{load.BulkUp, load.BulkDown, load.BulkBoth} {
			t.Run(mode, func(t *testing.T) {
				w := with(t, w, fmt.Sprintf(`{"mode":%q}`, mode))
				w.Payload = campaign.bulk
				inSessions(t, w, 1, 2)
			})
		}
	}
	t.Run("concurrent", func(t *testing.T) { concurrently(t, w) })
	closeDestination()
	backTo(t, fds, goroutines)
	r.survived(t)
}

// servesAmongDirty drives all loads of the plan at once.
func (r real) servesAmongDirty(t *testing.T) {
	withoutGC(t)
	fds, goroutines := held()
	var loads []soak.Workload
	var closers []func()
	for _, w := range r.plan.Load {
		w, closeDestination := aimed(t, w)
		loads, closers = append(loads, w), append(closers, closeDestination)
	}
	amongDirty(t, loads)
	for _, closeDestination := range closers {
		closeDestination() // the server holds on to it for silent clients
	}
	backTo(t, fds, goroutines)
	r.survived(t)
}

// survived fails the test where the server ended by itself.
func (r real) survived(t *testing.T) {
	t.Helper()
	for {
		select {
		case e := <-r.target.Events():
			if e.Kind == soak.EventExit {
				t.Errorf("the server ended: %s", e.Text)
			}
		default:
			return
		}
	}
}

// concurrently has many sessions open and busy at the same time.
func concurrently(t *testing.T, w soak.Workload) {
	opener, err := protocol.Open(w)
	if err != nil {
		t.Fatal(err)
	}
	defer opener.Close()
	var all, open sync.WaitGroup
	open.Add(campaign.concurrent)
	for range campaign.concurrent {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), campaign.patience)
			defer cancel()
			s, err := opener.Open(ctx)
			open.Done()
			if err != nil {
				t.Errorf("%s: %v", load.Kind(err, true), err)
				return
			}
			defer s.Close()
			open.Wait()
			for n := range uint64(5) {
				if _, _, err := s.Do(n, time.Now().Add(campaign.patience)); err != nil && !errors.Is(err, load.ErrLost) {
					t.Errorf("%s: %v", load.Kind(err, false), err)
					return
				}
			}
		})
	}
	all.Wait()
}

// TestRealServers_RefuseWithKindAndHint says one wrong thing at a time.
func TestRealServers_RefuseWithKindAndHint(t *testing.T) {
	for _, name := range []string{"sing-box-all", "xray-all", "openssh"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it mostly waits
			server, other := startReal(t, name), startReal(t, name)
			for i, w := range server.plan.Load {
				if w.Network != "tcp" {
					continue
				}
				w, _ = aimed(t, w)
				for key, kind := range refusals[w.Protocol] {
					theirs, mine := option(t, other.plan.Load[i], key), option(t, w, key)
					if mine == nil {
						continue
					}
					t.Run(w.Name+"/"+key, func(t *testing.T) {
						over, _ := json.Marshal(map[string]json.RawMessage{key: theirs})
						refused(t, with(t, w, string(over)), kind, strings.ReplaceAll(key, "_", " "))
					})
				}
				t.Run(w.Name+"/destination", func(t *testing.T) { unreached(t, w) })
			}
		})
	}
}

// refusals are the kinds of error when one option is another server's.
var refusals = map[string]map[string]string{
	"hysteria":  {"auth_str": load.BadAuth, "obfs": "dial_timeout", "ca": "tls"},
	"hysteria2": {"password": load.BadAuth, "obfs": "dial_timeout", "ca": "tls"},
	"tuic":      {"password": load.BadAuth, "uuid": load.BadAuth, "ca": "tls"},
	"reality":   {"uuid": load.BadAuth, "public_key": load.Decoy, "short_id": load.Decoy},
	"ech":       {"password": load.BadAuth, "uuid": load.BadAuth, "ech_config": load.ECHRejected, "ca": "tls"},
	"ssh":       {"private_key": load.BadAuth, "host_key": load.BadServerKey},
}

func option(t *testing.T, w soak.Workload, key string) json.RawMessage {
	t.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal(w.Options.JSON, &all); err != nil {
		t.Fatal(err)
	}
	return all[key]
}

// unreached takes the destination away after an operation: VLESS and Trojan have
// no other way to distinguish that from wrong credentials.
func unreached(t *testing.T, w soak.Workload) {
	t.Helper()
	tcp, _ := protocol.Lookup("tcp")
	destination := serve(t, tcp, protocol.ServeOptions{})
	w.Destination = destination.Addr()
	opener, err := protocol.Open(w)
	if err != nil {
		t.Fatal(err)
	}
	defer opener.Close()
	if err := operate(opener, 1, patience); err != nil {
		t.Fatal(err)
	}
	destination.Close()
	fails(t, w, opener, load.NoDestination, "destination")
	if w.Protocol == "ssh" { // it may go to loopback's IPv4 only
		w.Destination = "[::1]:1"
		refused(t, w, load.NoDestination, "prohibited")
	}
}

// refused wants an operation to fail with a kind, and with a text that says
// what to check and no secret.
func refused(t *testing.T, w soak.Workload, kind, hint string) {
	t.Helper()
	opener, err := protocol.Open(w)
	if err != nil {
		t.Fatal(err)
	}
	defer opener.Close()
	fails(t, w, opener, kind, hint)
}

func fails(t *testing.T, w soak.Workload, opener load.Opener, kind, hint string) {
	t.Helper()
	wait := patience
	if kind == "dial_timeout" {
		wait = 2 * time.Second // nothing else ends it
	}
	err := operate(opener, 1, wait)
	if err == nil {
		t.Fatal("it was accepted")
	}
	if got := load.Kind(err, !strings.Contains(err.Error(), "operation 0")); got != kind {
		t.Errorf("%s, want %s: %v", got, kind, err)
	}
	if !strings.Contains(strings.ReplaceAll(err.Error(), "_", " "), hint) && slices.Contains(ours, kind) {
		t.Errorf("the text names no %q: %v", hint, err)
	}
	for _, key := range []string{"password", "auth_str", "uuid"} {
		if secret := option(t, w, key); secret != nil && strings.Contains(err.Error(), string(bytes.Trim(secret, `"`))) {
			t.Errorf("the text has the secret %s in it", key)
		}
	}
}

// ours are the kinds of which we write the text.
var ours = []string{load.BadAuth, load.BadServerKey, load.NoDestination, load.ECHRejected, load.Decoy}

// TestRealServers_KilledUnderLoad kills the server under load. Operations must pass again
// soon after it is there again.
func TestRealServers_KilledUnderLoad(t *testing.T) {
	for _, name := range []string{"sing-box-all", "xray-all", "openssh"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it mostly waits
			server := startReal(t, name)
			d := drive(t)
			var loads []soak.Workload
			for _, w := range server.plan.Load {
				w, _ = aimed(t, w)
				w.Rate, w.Concurrency, w.Timeout = 20, 10, 2*time.Second
				loads = append(loads, w)
			}
			d.send(soak.Command{Do: soak.DoStart, Loads: loads, Interval: 100 * time.Millisecond})
			d.each("10 operations", func(_ int, l soak.LoadTally) bool { return l.Operations >= 10 })
			process, _ := server.target.Process()
			if err := syscall.Kill(process.PID, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			waitFor(t, "another process of the server", func() bool {
				now, up := server.target.Process()
				return up && now.PID != process.PID
			})
			d.until("news of the load", func(soak.Tally) bool { return true }) // children of the server may have served meanwhile
			before := d.last.Loads
			d.each("20 operations more after the restart", func(i int, l soak.LoadTally) bool { return l.Operations >= before[i].Operations+20 })
			d.stop()
		})
	}
}

// each waits until something holds of every load.
func (d *driver) each(what string, enough func(int, soak.LoadTally) bool) {
	d.t.Helper()
	d.until(what+" of every load", func(t soak.Tally) bool {
		for i, l := range t.Loads {
			if !enough(i, l) {
				return false
			}
		}
		return len(t.Loads) > 0
	})
}
