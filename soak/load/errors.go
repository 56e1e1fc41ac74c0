package load

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
)

// Kinds of errors that only the protocol can determine. The error's text says what
// to check.
const (
	BadAuth       = "auth"         // the server refused the password, key, uuid or user
	BadServerKey  = "server_key"   // the server does not own the key that was expected
	NoDestination = "destination"  // the server refused or could not reach the destination
	ECHRejected   = "ech_rejected" // the server cannot open the encrypted ClientHello
	Decoy         = "decoy"        // REALITY: the camouflage site answered in the server's place
)

// Error is an error of a session with its kind, where the error itself does not
// determine the kind: "mismatch", "status", "tls", …
type Error struct {
	Kind string
	Err  error
}

// Error is the text of the error within.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives the error within.
func (e *Error) Unwrap() error { return e.Err }

// ErrStale says that the server ended a session between two operations and that
// nothing of this operation was sent. It is not a failure: the operation is done
// on a new session.
var ErrStale = errors.New("the server ended the session while it was idle")

func mismatch(format string, args ...any) error {
	return &Error{"mismatch", fmt.Errorf(format, args...)}
}

// kinds are the kinds of errors by the error in their chain.
var kinds = []struct {
	err  error
	kind string
}{
	{syscall.ECONNREFUSED, "refused"},
	{syscall.ECONNRESET, "reset"},
	{syscall.EPIPE, "reset"},
	{syscall.ECONNABORTED, "reset"},
	{syscall.EHOSTUNREACH, "unreachable"},
	{syscall.ENETUNREACH, "unreachable"},
	{syscall.EMFILE, "no_files"},
	{syscall.ENFILE, "no_files"},
	{syscall.EADDRNOTAVAIL, "no_ports"},
	{syscall.EMSGSIZE, "too_large"},
	{io.EOF, "eof"},
	{io.ErrUnexpectedEOF, "eof"},
	{net.ErrClosed, "closed"},
}

// Kind names the kind of an error: "dial_timeout" or "timeout", "refused",
// "reset", "eof", "tls", "dns", "unreachable", "no_files" (out of file
// descriptors), "no_ports" (out of local ports), "too_large" (a datagram), "closed" (by us), what an
// [Error] says, or "other". The set is small and fixed.
func Kind(err error, dialing bool) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	if timedOut(err) && dialing {
		return "dial_timeout"
	}
	if timedOut(err) {
		return "timeout"
	}
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return k.kind
		}
	}
	if isTLS(err) {
		return "tls"
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "dns"
	}
	return "other"
}

func timedOut(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

func isTLS(err error) bool {
	_, alert := errors.AsType[tls.AlertError](err)
	_, header := errors.AsType[tls.RecordHeaderError](err)
	_, verify := errors.AsType[*tls.CertificateVerificationError](err)
	_, ech := errors.AsType[*tls.ECHRejectionError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, host := errors.AsType[x509.HostnameError](err)
	return alert || header || verify || ech || authority || host
}
