package page

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"soakmon/soak/supervise"
)

// pageReady is how long the page may take to say where it is.
const pageReady = 20 * time.Second

// Start serves the page in a process of its own, so that whoever looks takes
// neither memory nor time of the monitor; it ends with the monitor. The returned
// address is that of the folder's pages, the token in it.
func Start(ctx context.Context, program, dir, addr string) (address string, stop func(), err error) {
	said := make(chan string, 8)
	child, err := supervise.Start(ctx, supervise.Spec{
		Args: []string{program, "web", "--until-eof", "--dir", dir, "--addr", addr}, Stdin: true,
		Output: func(line string) {
			select {
			case said <- line:
			default: // it has said where it is
			}
		},
	})
	if err != nil {
		return "", nil, fmt.Errorf("start the page: %w", err)
	}
	stop = func() {
		_ = child.Stdin().Close()
		_ = child.Stop(context.Background())
	}
	select {
	case line := <-said:
		if strings.HasPrefix(line, "http://") {
			return line, stop, nil
		}
		err = fmt.Errorf("the page: %s", line)
	case <-child.Done():
		err = fmt.Errorf("the page ended before it was ready")
	case <-time.After(pageReady):
		err = fmt.Errorf("the page was not ready within %s", pageReady)
	}
	stop()
	return "", nil, err
}

// Address is the address of a run's page.
func Address(address, id string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	u.Path = "/run/" + id
	return u.String()
}
