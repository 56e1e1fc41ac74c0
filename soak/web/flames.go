package web

import (
	"container/list"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"soakmon/profiles"
	"soakmon/soak"
)

// maxFlames is the number of parsed profiles to keep; each may take megabytes.
const maxFlames = 2

// flames serves pprof's pages for stored profiles: one profile by its number, or
// the growth between two as BASE-NUMBER.
type flames struct {
	opened *opened

	mu     sync.Mutex
	byPath map[string]*list.Element
	recent *list.List // of flame, most recently used first
}

type flame struct {
	path  string
	pages http.Handler
}

func newFlames(o *opened) *flames {
	return &flames{opened: o, byPath: map[string]*list.Element{}, recent: list.New()}
}

func (f *flames) serve(w http.ResponseWriter, r *http.Request) {
	id, spec := r.PathValue("id"), r.PathValue("spec")
	pages, err := f.pages(id, spec)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	http.StripPrefix("/pprof/"+id+"/"+spec, pages).ServeHTTP(w, r)
}

func (f *flames) pages(id, spec string) (http.Handler, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	path := id + "/" + spec
	if e := f.byPath[path]; e != nil {
		f.recent.MoveToFront(e)
		return e.Value.(flame).pages, nil
	}
	var pages http.Handler
	err := f.opened.use(id, func(v *view) (err error) {
		pages, err = load(v, spec)
		return err
	})
	if err != nil {
		return nil, err
	}
	f.byPath[path] = f.recent.PushFront(flame{path, pages})
	if f.recent.Len() > maxFlames {
		delete(f.byPath, f.recent.Remove(f.recent.Back()).(flame).path)
	}
	return pages, nil
}

func load(v *view, spec string) (http.Handler, error) {
	from, to, diff := strings.Cut(spec, "-")
	if !diff {
		from, to = "", spec
	}
	data, err := profileOf(v, to)
	if err != nil {
		return nil, err
	}
	var base []byte
	if diff {
		if base, err = profileOf(v, from); err != nil {
			return nil, err
		}
	}
	return profiles.Pages(v.run.Run().Name+" "+spec, data, base)
}

func profileOf(v *view, number string) ([]byte, error) {
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("invalid profile number %q: use one from the list of profiles", number)
	}
	return v.run.Profile(n)
}

// link is a link to a flame graph.
type link struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}

// links returns two flame graphs for each kind of the target's profiles: the
// growth from the first to the last (of CPU profiles: what became slower), and
// the last alone.
func links(id string, all []soak.ProfileMeta) []link {
	first, last, kinds := map[string]soak.ProfileMeta{}, map[string]soak.ProfileMeta{}, []string{}
	for _, m := range all {
		if m.Process != soak.RoleTarget || strings.Contains(m.Kind, "dump") {
			continue
		}
		if _, seen := first[m.Kind]; !seen {
			first[m.Kind] = m
			kinds = append(kinds, m.Kind)
		}
		last[m.Kind] = m
	}
	out := []link{}
	for _, kind := range kinds {
		a, b := first[kind], last[kind]
		if a.ID != b.ID {
			out = append(out, link{kind + " growth", fmt.Sprintf("/pprof/%s/%d-%d/flamegraph", id, a.ID, b.ID)})
		}
		out = append(out, link{kind + " at the end", fmt.Sprintf("/pprof/%s/%d/flamegraph", id, b.ID)})
	}
	return out
}
