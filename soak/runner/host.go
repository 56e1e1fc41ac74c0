package runner

import (
	"os"
	"runtime"

	"github.com/prometheus/procfs"
	"github.com/shirou/gopsutil/v3/host"
	"github.com/shirou/gopsutil/v3/mem"

	"soakmon/soak"
)

// HostFacts describes this machine; what cannot be read stays empty.
func HostFacts() soak.Host {
	h := soak.Host{OS: runtime.GOOS, CPUs: runtime.NumCPU()}
	if i, err := host.Info(); err == nil {
		h.Name, h.Kernel = i.Hostname, i.KernelVersion
		h.OS = i.Platform + " " + i.PlatformVersion
	}
	if m, err := mem.VirtualMemory(); err == nil {
		h.Memory = m.Total
	}
	return h
}

// monitorProcess is this process, to be sampled like the others.
func monitorProcess() soak.Process {
	p := soak.Process{Role: soak.RoleMonitor, PID: os.Getpid()}
	if self, err := procfs.Self(); err == nil {
		if stat, err := self.Stat(); err == nil {
			p.Start = stat.Starttime
		}
	}
	return p
}
