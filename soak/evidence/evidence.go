// Package evidence packs what a maintainer asks for in the first reply to a bug
// report about a leak: reports, profiles, descriptors, memory, the plan without
// secrets, versions, and a README that says how to repeat the run.
package evidence

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"soakmon/profiles"
	"soakmon/soak"
	"soakmon/soak/cause"
	"soakmon/soak/indent"
	"soakmon/soak/report"
	"soakmon/soak/runs"
)

// Pack writes the evidence of a run as a gzipped tar.
func Pack(out io.Writer, r *runs.Run) error {
	rep, err := r.Report()
	if err != nil {
		return err
	}
	z := gzip.NewWriter(out)
	p := &packer{tar: tar.NewWriter(z), folder: rep.Run + "/", at: time.Now()}
	charts, err := report.Draw(r)
	if err != nil {
		return err
	}
	for _, format := range []struct{ name, format string }{{"report.html", "html"}, {"report.md", "markdown"}, {"report.json", "json"}, {"report.txt", "text"}} {
		p.write(format.name, func(w io.Writer) error { return report.Write(w, rep, charts, format.format) })
	}
	p.json("plan.json", rep.Plan)
	p.json("target.json", struct {
		Soak   string     `json:"soak"`
		Target soak.Facts `json:"target"`
		Host   soak.Host  `json:"host"`
	}{rep.Version, rep.Target, rep.Host})
	p.profiles(r)
	p.tables(r)
	p.write("README.md", func(w io.Writer) error { readme(w, rep, p.names); return nil })
	return errors.Join(p.err, p.tar.Close(), z.Close())
}

// packer adds files to a tar; after an error it does nothing more.
type packer struct {
	tar    *tar.Writer
	folder string
	at     time.Time
	names  []string
	err    error
}

func (p *packer) write(name string, write func(io.Writer) error) {
	if p.err != nil {
		return
	}
	var b bytes.Buffer
	if p.err = write(&b); p.err != nil {
		return
	}
	p.names = append(p.names, name)
	header := &tar.Header{Name: p.folder + name, Mode: 0o644, Size: int64(b.Len()), ModTime: p.at}
	if p.err = p.tar.WriteHeader(header); p.err == nil {
		_, p.err = p.tar.Write(b.Bytes())
	}
}

func (p *packer) json(name string, v any) {
	p.write(name, func(w io.Writer) error { return indent.JSON(w, v) })
}

// profiles adds the first and the last profile of each kind, and what grew.
func (p *packer) profiles(r *runs.Run) {
	metas, err := r.Profiles()
	if err != nil {
		p.err = errors.Join(p.err, err)
		return
	}
	first, last := map[string]soak.ProfileMeta{}, map[string]soak.ProfileMeta{}
	var kinds []string
	for _, m := range metas {
		if _, ok := first[m.Kind]; !ok {
			first[m.Kind] = m
			kinds = append(kinds, m.Kind)
		}
		last[m.Kind] = m
	}
	for _, kind := range kinds {
		extension := ".pb.gz"
		if kind == "goroutine_dump" {
			extension = ".txt"
		}
		p.profile(r, "profiles/"+kind+"-early"+extension, first[kind].ID)
		p.profile(r, "profiles/"+kind+"-late"+extension, last[kind].ID)
		q := cause.Query{Process: soak.RoleTarget, Kind: kind, To: math.MaxInt64, By: profiles.ByStack}
		if ranking, _, err := cause.Rank(r, q); err == nil && kind != "goroutine_dump" {
			p.write("profiles/"+kind+"-growth.pb.gz", ranking.Growth().Write)
		}
	}
}

func (p *packer) profile(r *runs.Run, name string, id uint64) {
	p.write(name, func(w io.Writer) error {
		b, err := r.Profile(id)
		if err != nil {
			return err
		}
		_, err = w.Write(b)
		return err
	})
}

// tables adds what the kernel lists by kind: descriptors and sockets, memory,
// threads, children.
func (p *packer) tables(r *runs.Run) {
	for _, t := range []struct {
		name     string
		families []string
	}{
		{"descriptors.csv", append(slices.Clone(cause.DescriptorFamilies), "fds_age_seconds", "fds_oldest_seconds")},
		{"memory.csv", []string{"mapping_bytes", "rss_bytes", "rss_anon_bytes", "rss_file_bytes", "rss_shmem_bytes", "shared_mapped_bytes", "native_bytes", "heap_after_gc_bytes", "runtime_processes", "swap_bytes", "go_heap_live_bytes", "go_heap_inuse_bytes", "go_heap_idle_bytes", "go_heap_released_bytes", "go_stack_bytes", "go_metadata_bytes", "anonymous_mappings", "anonymous_mappings_size", "anonymous_mapping_grown_bytes"}},
		{"threads-and-children.csv", []string{"threads", "threads_comm", "children", "zombies", "children_comm"}},
	} {
		p.write(t.name, func(w io.Writer) error {
			if _, err := fmt.Fprintln(w, "series,first,last,growth_per_hour"); err != nil {
				return err
			}
			for _, part := range cause.Parts(r, soak.RoleTarget, 0, math.MaxInt64, t.families...) {
				fmt.Fprintf(w, "%q,%g,%g,%g\n", part.Name, part.First, part.Last, part.Slope)
			}
			return nil
		})
	}
}

// readme says what is in the pack and how to make the run again.
func readme(w io.Writer, r report.Report, names []string) {
	fmt.Fprintf(w, "# %s\n\n%s\n\n", r.Run, report.Sentence(r))
	report.MarkdownCauses(w, r)
	fmt.Fprintf(w, "## Again\n\n    %s\n\nplan.json is the plan in full, without secrets; soak is version %s.\n\n", report.Reproduce(r), r.Version)
	fmt.Fprintf(w, "## The target\n\n%s, built as %s, pid %d, on %s %s with %d CPUs.\n\n", r.Target.Exe, r.Target.Build, r.Target.PID, r.Host.OS, r.Host.Kernel, r.Host.CPUs)
	fmt.Fprintf(w, "## What is here\n\n")
	for _, n := range names {
		fmt.Fprintf(w, "- %s\n", n)
	}
	if kind := grownKind(r, names); kind != "" {
		fmt.Fprintf(w, "\nLook at the growth between the profiles with `go tool pprof -http :0 profiles/%[1]s-growth.pb.gz`, or with\n`go tool pprof -http :0 -diff_base profiles/%[1]s-early.pb.gz profiles/%[1]s-late.pb.gz`.\n", kind)
	}
}

// grownKind is the kind of profile to look at first: that of the leak, or else
// that of the heap; none where the target served none.
func grownKind(r report.Report, names []string) string {
	kinds := []string{"heap", "goroutine"}
	if slices.ContainsFunc(r.Findings, func(f cause.Finding) bool { return f.Resource == cause.Goroutine }) {
		slices.Reverse(kinds)
	}
	for _, kind := range kinds {
		if slices.Contains(names, "profiles/"+kind+"-growth.pb.gz") {
			return kind
		}
	}
	return ""
}
