package peer

import (
	_ "embed"
	"fmt"

	"soakmon/soak/plan"
)

func init() {
	register(Setup{Name: "nginx", Help: "nginx with HTTP/1.1, and HTTP/2 over TLS", Program: nginx, make: nginxFiles})
}

//go:embed nginx.conf.tmpl
var nginxConfig string

func nginxFiles(name string) (Files, error) {
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	cert, certKey, err := certificate()
	if err != nil {
		return nil, err
	}
	config, err := render(nginxConfig, map[string]any{"Plain": ports[0], "TLS": ports[1]})
	if err != nil {
		return nil, err
	}
	path, _ := Find(nginx.Name)
	text := planText{
		Name: name, Help: "nginx with HTTP/1.1, and HTTP/2 over TLS",
		Command: []string{path, "-p", ".", "-c", "nginx.conf"},
		Ready:   fmt.Sprintf("{listen: %s}", loopback(ports[0])),
		Loads: []planLoad{
			{Name: "http", Protocol: "http", Where: fmt.Sprintf(`url: "http://%s/"`, loopback(ports[0])), Dirty: dirtyOf["http"]},
			{
				Name: "h2", Protocol: "http", Where: fmt.Sprintf(`url: "https://%s/"`, loopback(ports[1])), Dirty: dirtyOf["http"],
				Options: flow([]string{"version: h2", ca}),
			},
		},
	}
	planned, err := text.render()
	return Files{plan.InFolder: planned, "nginx.conf": config, certFile: cert, certKeyFile: certKey}, err
}
