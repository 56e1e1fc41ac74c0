package web

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The policies (CSP Level 3). Pages load only from this server; pprof's pages
// have inline scripts and styles.
const (
	policy      = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	pprofPolicy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

// cookie holds the token of a browser that has opened the address with it.
const cookie = "soak_token"

// guard refuses requests that another site made the browser send, and requests
// that need the token and lack it.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		if strings.HasPrefix(r.URL.Path, "/pprof/") {
			h.Set("Content-Security-Policy", pprofPolicy)
		}
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		switch {
		case len(s.options.Hosts) > 0 && !slices.Contains(s.options.Hosts, r.Host):
			http.Error(w, "unexpected Host header: open the address that soak printed", http.StatusMisdirectedRequest) // DNS rebinding
		case crossOrigin(r):
			http.Error(w, "cross-origin request refused", http.StatusForbidden)
		case r.URL.Query().Has("token"):
			s.admit(w, r)
		case (len(s.options.Hosts) == 0 || r.Method != http.MethodGet && r.Method != http.MethodHead) && !s.authorized(r):
			http.Error(w, "missing token: open the address that soak printed", http.StatusUnauthorized)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// crossOrigin reports whether the browser says that another origin caused the
// request. A link on another site may still lead here.
func crossOrigin(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		return err != nil || u.Host != r.Host
	}
	site := r.Header.Get("Sec-Fetch-Site")
	navigation := r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Method == http.MethodGet
	return site != "" && site != "same-origin" && site != "none" && !navigation
}

// admit moves the token from the address into a cookie, so that it does not stay
// in the browser's history.
func (s *Server) admit(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if s.validToken(q.Get("token")) {
		http.SetCookie(w, &http.Cookie{Name: cookie, Value: s.options.Token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	}
	q.Del("token")
	to := url.URL{Path: "/" + strings.TrimLeft(r.URL.Path, "/"), RawQuery: q.Encode()}
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// authorized reports whether a request carries the token.
func (s *Server) authorized(r *http.Request) bool {
	c, err := r.Cookie(cookie)
	return err == nil && s.validToken(c.Value)
}

func (s *Server) validToken(token string) bool {
	return s.options.Token != "" && subtle.ConstantTimeCompare([]byte(token), []byte(s.options.Token)) == 1
}
