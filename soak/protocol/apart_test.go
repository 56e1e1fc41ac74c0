package protocol_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"soakmon/soak"
	"soakmon/soak/protocol"
)

// apartEnv makes this test binary a reference server of the protocol that it
// names, in a process of its own as in real use: what it holds is not counted
// with what the driver holds.
const apartEnv = "SOAK_PROTOCOL_SERVE"

// apart is a server in another process, as it presents itself.
type apart struct {
	Address string          `json:"address"`
	JSON    json.RawMessage `json:"options"`
}

func (a apart) Addr() string          { return a.Address }
func (a apart) Options() soak.Options { return soak.Options{JSON: a.JSON} }
func (a apart) Close() error          { return nil }

func TestMain(m *testing.M) {
	name := os.Getenv(apartEnv)
	if name == "" {
		os.Exit(m.Run())
	}
	p, _ := protocol.Lookup(name)
	for _, text := range os.Args[1:] {
		s, err := p.Serve(context.Background(), protocol.ServeOptions{Address: "127.0.0.1:0", Options: soak.Options{JSON: []byte(text)}})
		if err != nil {
			panic(err)
		}
		if err := json.NewEncoder(os.Stdout).Encode(apart{s.Addr(), s.Options().JSON}); err != nil {
			panic(err)
		}
	}
	_, _ = os.Stdin.Read(make([]byte, 1))
}

// serveApart starts a reference server for each variant of a protocol, all in one
// process that ends with the test.
func serveApart(t *testing.T, all []variant) []apart {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	for _, v := range all {
		cmd.Args = append(cmd.Args, string(v.options.JSON))
	}
	cmd.Env = append(os.Environ(), apartEnv+"="+all[0].Name)
	cmd.Stderr = os.Stderr
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	servers := make([]apart, len(all))
	said := json.NewDecoder(out)
	for i := range servers {
		if err := said.Decode(&servers[i]); err != nil {
			t.Fatal(err)
		}
	}
	return servers
}
