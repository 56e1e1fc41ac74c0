package plan

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// ParseAddress reads HOST:PORT. A bare ":8080" or "8080" means 127.0.0.1:8080,
// so that a load without a host never leaves the machine.
func ParseAddress(text string) (string, error) {
	switch {
	case strings.Contains(text, "://"):
		return "", errors.New("invalid address: use HOST:PORT, not a URL")
	case strings.Contains(text, "@"):
		return "", errors.New("invalid address: use HOST:PORT, without a user")
	}
	if _, err := strconv.ParseUint(text, 10, 16); err == nil {
		text = ":" + text
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return "", fmt.Errorf("invalid address %q: use HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080", text)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("invalid port in address %q: use 1 to 65535", text)
	}
	if strings.ContainsAny(host, "/ \t\n") {
		return "", fmt.Errorf("invalid host in address %q: use a name or an IP address", text)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// checkURL accepts absolute http and https URLs. Its errors quote nothing: any
// part of a URL may hold a secret.
func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return errors.New("invalid URL: use an http or https URL such as http://127.0.0.1:8080/path")
	}
	return nil
}
