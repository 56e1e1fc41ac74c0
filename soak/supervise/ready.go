package supervise

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"sync/atomic"
	"time"

	"soakmon/soak/procfs"
)

const attempt = 2 * time.Second // at a connection or a request

// condition says what is missing before the target is ready, or "".
type condition func(context.Context) string

// unmet is what the first unmet condition lacks, or "".
func unmet(ctx context.Context, all []condition) string {
	for _, c := range all {
		if missing := c(ctx); missing != "" {
			return missing
		}
	}
	return ""
}

// conditions are those of the plan. onLine must see each line of the output.
func (t *Target) conditions(in *instance) (all []condition, onLine func(string), err error) {
	r := t.plan.Ready
	onLine = func(string) {}
	if r.Log != "" {
		re, err := regexp.Compile(r.Log)
		if err != nil {
			return nil, nil, fmt.Errorf("target: invalid regular expression %q in ready.log: %w", r.Log, err)
		}
		var seen atomic.Bool
		onLine = func(line string) {
			if re.MatchString(line) {
				seen.Store(true)
			}
		}
		all = append(all, func(context.Context) string {
			if !seen.Load() {
				return fmt.Sprintf("no line of its output matches %q", r.Log)
			}
			return ""
		})
	}
	if r.Listen != "" {
		addrs, err := localAddrs(t.life, r.Listen)
		if err != nil {
			return nil, nil, fmt.Errorf("target: ready.listen: %w", err)
		}
		all = append(all, func(ctx context.Context) string {
			socks, err := serving()
			if err != nil {
				return err.Error()
			}
			return in.listens(ctx, r.Listen, matching(socks, addrs))
		})
	}
	if r.URL != "" {
		all = append(all, func(ctx context.Context) string { return answers(ctx, r.URL) })
	}
	if len(all) == 0 && len(t.plan.Embedded) == 0 {
		all = append(all, func(context.Context) string {
			if time.Since(in.began) < settleTime {
				return "it was just started"
			}
			return ""
		})
	}
	return all, onLine, nil
}

// listens is the condition that one of the sockets belongs to the command and
// accepts. It sets who serves.
func (in *instance) listens(ctx context.Context, hostport string, socks []procfs.Socket) string {
	if len(socks) == 0 {
		return "nothing listens on " + hostport
	}
	tree, err := children.tree(in.child)
	if err != nil {
		return err.Error()
	}
	ours := snapshot{}
	among := []int{}
	for _, p := range tree {
		ours[p.PID] = p
		among = append(among, p.PID)
	}
	owners, _ := holders(socks, among)
	if len(owners) == 0 {
		who := "a process that cannot be seen"
		if others, _ := holders(socks, nil); len(others) > 0 {
			who = others[0].String()
		}
		return fmt.Sprintf("%s belongs to %s, which the command did not start", hostport, who)
	}
	if socks[0].Network == "tcp" {
		if err := connect(ctx, reach(socks[0])); err != nil {
			return fmt.Sprintf("%s does not accept: %v", hostport, err)
		}
	}
	root, err := commonRoot(owners, ours, proc.Executable)
	if err != nil {
		root = owners[0]
	}
	in.serving = root.ID
	return ""
}

// reach is an address to connect to: where all are listened on, the loopback one.
func reach(s procfs.Socket) string {
	a := s.Local
	if !a.Addr().IsUnspecified() {
		return a.String()
	}
	host := "127.0.0.1"
	if a.Addr().Is6() {
		host = "::1"
	}
	return net.JoinHostPort(host, fmt.Sprint(a.Port()))
}

func connect(ctx context.Context, addr string) error {
	d := net.Dialer{Timeout: attempt}
	c, err := d.DialContext(ctx, "tcp", addr)
	if err == nil {
		c.Close()
	}
	return err
}

// answers is the condition that a GET gets a status below 400. The body is not
// read and the certificate not verified: the question is only whether the server
// responds.
func answers(ctx context.Context, url string) string {
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	client := &http.Client{
		Transport: transport, Timeout: attempt,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Sprintf("ready.url %s: %v", redact([]string{url})[0], err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Sprintf("no answer: %v", err) // *url.Error hides the password
	}
	resp.Body.Close()
	if resp.StatusCode >= 400 {
		return fmt.Sprintf("%s answers with status %s", redact([]string{url})[0], resp.Status)
	}
	return ""
}
