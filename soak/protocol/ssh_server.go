package protocol

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"soakmon/soak/protocol/address"
)

// sshServer is a reference server of direct-tcpip.
type sshServer struct {
	config *ssh.ServerConfig
	out    *outbound
}

// prepareSSH makes a reference server. Without a password or a key of the user it
// makes a password.
func prepareSSH(o ServeOptions) (prepared, error) {
	s, err := decodeSSH(o.Options)
	if err != nil {
		return prepared{}, err
	}
	if s.Password == "" && s.signer == nil {
		s.Password = o.password()
	}
	host, err := ssh.NewSignerFromKey(o.ed25519())
	if err != nil {
		return prepared{}, err
	}
	s.HostKey = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(host.PublicKey())))
	client, err := encode(&s)
	server := &sshServer{s.serverConfig(host), newOutbound(o.OnOperation)}
	return preparedStream(o.Address, client, func(ctx context.Context) func(net.Conn) {
		return func(conn net.Conn) { server.serve(ctx, conn) }
	}), err
}

var errUnknownUser = errors.New("unknown user, password or key")

// serverConfig lets one user in.
func (s sshOptions) serverConfig(host ssh.Signer) *ssh.ServerConfig {
	config := &ssh.ServerConfig{Config: ssh.Config{Ciphers: s.Ciphers}}
	config.AddHostKey(host)
	if s.Password != "" {
		config.PasswordCallback = func(c ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if c.User() == s.User && subtle.ConstantTimeCompare(password, []byte(s.Password)) == 1 {
				return nil, nil
			}
			return nil, errUnknownUser
		}
	}
	if s.signer != nil {
		config.PublicKeyCallback = func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if c.User() == s.User && bytes.Equal(key.Marshal(), s.signer.PublicKey().Marshal()) {
				return nil, nil
			}
			return nil, errUnknownUser
		}
	}
	return config
}

func (s *sshServer) serve(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(handshakeTime))
	_, channels, requests, err := ssh.NewServerConn(acknowledging(conn), s.config)
	if err != nil {
		return
	}
	_ = conn.SetDeadline(time.Time{})
	var served sync.WaitGroup
	served.Go(func() { ssh.DiscardRequests(requests) })
	for c := range channels {
		served.Go(func() { s.forward(ctx, conn, c) })
	}
	served.Wait()
}

// forward serves one channel until it ends.
func (s *sshServer) forward(ctx context.Context, conn net.Conn, c ssh.NewChannel) {
	var to directTCPIP
	if c.ChannelType() != "direct-tcpip" || ssh.Unmarshal(c.ExtraData(), &to) != nil || to.Port > 0xffff {
		_ = c.Reject(ssh.UnknownChannelType, "only direct-tcpip") // an error is the connection's end
		return
	}
	destination, err := s.out.dial(ctx, address.Join(to.Host, uint16(to.Port)))
	if err != nil {
		_ = c.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	channel, requests, err := c.Accept()
	if err != nil {
		destination.Close()
		return
	}
	go ssh.DiscardRequests(requests) // until the channel ends
	s.out.relay(channelConn{channel, conn}, destination)
}

// channelConn is a channel of a connection.
type channelConn struct {
	ssh.Channel
	net.Conn
}

func (c channelConn) Read(p []byte) (int, error)  { return c.Channel.Read(p) }
func (c channelConn) Write(p []byte) (int, error) { return c.Channel.Write(p) }
func (c channelConn) Close() error                { return c.Channel.Close() }
