package supervise

import (
	"debug/buildinfo"
	"strings"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

// factsOf reads what /proc knows of a process; what cannot be read stays empty.
func factsOf(id procfs.ID, scrub *strings.Replacer) soak.Facts {
	f := soak.Facts{PID: id.PID, Exe: proc.Executable(id.PID), Build: buildOf(id.PID), Memory: proc.MemoryLimit(id.PID, procfs.DefaultCgroups)}
	args, _ := proc.CommandLine(id.PID)
	for _, a := range redact(args) {
		f.Args = append(f.Args, scrub.Replace(a))
	}
	f.NoFile, _ = proc.MaxFiles(id.PID)
	f.Started, _ = proc.StartTime(id.Start)
	return f
}

// buildOf is a Go program's main module, version, revision and Go version, or "".
func buildOf(pid int) string {
	info, err := buildinfo.ReadFile(proc.Path(pid, "exe")) // works also when the file was replaced
	if err != nil {
		return ""
	}
	out := []string{strings.TrimSpace(info.Path + " " + info.Main.Version)}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" || s.Key == "vcs.modified" && s.Value == "true" {
			out = append(out, s.Key+"="+s.Value)
		}
	}
	return strings.Join(append(out, info.GoVersion), " ")
}
