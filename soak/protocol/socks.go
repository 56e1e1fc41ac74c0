package protocol

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/protocol/socks"
)

func init() {
	register(Protocol{
		Name:      "socks",
		Help:      "SOCKS5, with CONNECT and UDP ASSOCIATE: any local client of another proxy offers it",
		Networks:  []string{networkTCP, networkUDP},
		Transport: overTCP,
		Proxy:     true,
		Dirty:     append([]string{load.WrongAuth}, load.DirtyKinds...),
		settings:  &socksOptions{},
		Variants:  []string{`{"user":"me","password":"cry"}`},
		Dial:      dialSOCKS,
		prepare:   prepareSOCKS,
	})
}

type socksOptions struct {
	User     string
	Password string
}

func (s *socksOptions) schema() []Option {
	return []Option{
		option("user", &s.User, SideBoth, "", "name of the user, where the server requires one"),
		option("password", &s.Password, SideBoth, "", "password of the user"),
	}
}

func dialSOCKS(w soak.Workload) (load.Dialer, error) {
	s := &socksDialer{tcpDialer: tcpDialer(w.Address), destination: w.Destination}
	if err := decode(w.Options, &s.socksOptions); err != nil {
		return nil, err
	}
	if s.User == "" && w.Dirty[load.WrongAuth] > 0 {
		return nil, fmt.Errorf("dirty sessions of kind %s need the options user and password", load.WrongAuth)
	}
	return s, checkAddress(w)
}

// socksDialer dials through a SOCKS5 server.
type socksDialer struct {
	tcpDialer
	socksOptions
	destination string
}

// DialRaw gives a connection on which nothing was said.
func (s *socksDialer) DialRaw(ctx context.Context) (net.Conn, error) { return s.tcpDialer.Dial(ctx) }

// Dial implements load.Dialer.
func (s *socksDialer) Dial(ctx context.Context) (net.Conn, error) {
	conn, _, err := s.ask(ctx, s.socksOptions, socks.Connect, s.destination)
	return conn, err
}

// ask makes a connection and a request. conn is nil where there is an error.
func (s *socksDialer) ask(ctx context.Context, as socksOptions, command byte, destination string) (net.Conn, string, error) {
	conn, err := s.DialRaw(ctx)
	if err != nil {
		return nil, "", err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	err = socks.Greet(conn, as.User, as.Password)
	var bound string
	if err == nil {
		bound, err = socks.Ask(conn, command, destination)
	}
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		conn.Close()
		return nil, "", socksError(err)
	}
	return conn, bound, nil
}

func socksError(err error) error {
	if errors.Is(err, socks.ErrUser) {
		return &load.Error{Kind: load.BadAuth, Err: fmt.Errorf("%w: check user and password", err)}
	}
	if _, ok := errors.AsType[socks.ReplyError](err); ok {
		return &load.Error{Kind: load.NoDestination, Err: fmt.Errorf("the server refused the destination (%w): check that it can reach it", err)}
	}
	return err
}

// Dirty implements load.DirtyDialer.
func (s *socksDialer) Dirty(ctx context.Context, kind string, _ time.Duration, _ <-chan struct{}) (bool, error) {
	if kind != load.WrongAuth {
		return false, nil
	}
	wrong := socksOptions{s.User, s.Password + "?"}
	conn, _, err := s.ask(ctx, wrong, socks.Connect, s.destination)
	if err == nil {
		conn.Close()
		return true, errors.New("the server took a wrong password: check its users")
	}
	if load.Kind(err, true) == load.BadAuth {
		err = nil
	}
	return true, err
}
