package web

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The policies (CSP Level 3). Pages load from here alone; pprof's pages have
// their scripts and styles within them.
const (
	policy      = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	pprofPolicy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

// cookie holds the token of who has shown it once.
const cookie = "soak_token"

// guard refuses requests that another site made the browser send, and those
// without the token where one is needed.
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
			http.Error(w, "this server does not go by that name", http.StatusMisdirectedRequest) // DNS rebinding
		case foreign(r):
			http.Error(w, "another site may not ask", http.StatusForbidden)
		case r.URL.Query().Has("token"):
			s.admit(w, r)
		case (len(s.options.Hosts) == 0 || r.Method != http.MethodGet && r.Method != http.MethodHead) && !s.authorized(r):
			http.Error(w, "the token is needed: open the address that soak printed", http.StatusUnauthorized)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// foreign reports whether a browser says that another origin made it ask.
func foreign(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		return err != nil || u.Host != r.Host
	}
	site := r.Header.Get("Sec-Fetch-Site")
	navigation := r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Method == http.MethodGet
	return site != "" && site != "same-origin" && site != "none" && !navigation
}

// admit takes the token out of the address and keeps it in a cookie.
func (s *Server) admit(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if s.right(q.Get("token")) {
		http.SetCookie(w, &http.Cookie{Name: cookie, Value: s.options.Token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	}
	q.Del("token")
	to := url.URL{Path: "/" + strings.TrimLeft(r.URL.Path, "/"), RawQuery: q.Encode()}
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// authorized reports whether a request shows the token.
func (s *Server) authorized(r *http.Request) bool {
	c, err := r.Cookie(cookie)
	return err == nil && s.right(c.Value)
}

func (s *Server) right(token string) bool {
	return s.options.Token != "" && subtle.ConstantTimeCompare([]byte(token), []byte(s.options.Token)) == 1
}
