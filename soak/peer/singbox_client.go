package peer

import (
	"fmt"
	"maps"
	"strings"
)

var singBoxAsClient = clientProgram{
	program: singBox,
	whole: func(socks []int, outbounds []object, debug int) object {
		var inbounds, rules []object
		for i, port := range socks {
			in, out := fmt.Sprintf("in-%d", i), fmt.Sprintf("out-%d", i)
			outbounds[i]["tag"] = out
			inbounds = append(inbounds, object{"type": "socks", "tag": in, "listen": "127.0.0.1", "listen_port": port})
			rules = append(rules, object{"inbound": []string{in}, "action": "route", "outbound": out})
		}
		return object{
			"log": object{"level": "error"}, "inbounds": inbounds, "outbounds": outbounds, "route": object{"rules": rules},
			"experimental": object{"debug": object{"listen": loopback(debug)}},
		}
	},
	outbounds: map[string]func(o outbound) object{
		"hysteria": func(o outbound) object {
			out := o.singBox("hysteria", o.tls("hysteria", nil), object{"auth_str": o.AuthStr, "up_mbps": 1000, "down_mbps": 1000})
			if o.Obfs.Password != "" {
				out["obfs"] = o.Obfs.Password
			}
			return out
		},
		"hysteria2": func(o outbound) object {
			out := o.singBox("hysteria2", o.tls("h3", nil), object{"password": o.Password})
			if o.Obfs.Type != "" {
				out["obfs"] = object{"type": o.Obfs.Type, "password": o.Obfs.Password}
			}
			return out
		},
		"tuic": func(o outbound) object {
			return o.singBox("tuic", o.tls("h3", nil), object{"uuid": o.UUID, "password": o.Password, "congestion_control": "cubic"})
		},
		"reality": func(o outbound) object {
			return o.singBox("vless", object{
				"enabled": true, "server_name": o.SNI, "utls": object{"enabled": true, "fingerprint": "chrome"},
				"reality": object{"enabled": true, "public_key": o.PublicKey, "short_id": o.ShortID},
			}, object{"uuid": o.UUID, "packet_encoding": ""})
		},
		"ech": func(o outbound) object {
			tls := o.tls("", object{"ech": object{"enabled": true, "config": o.echConfigs()}})
			if o.Inner == "trojan" {
				return o.singBox("trojan", tls, object{"password": o.Password})
			}
			return o.singBox("vless", tls, object{"uuid": o.UUID, "packet_encoding": ""})
		},
		"ssh": func(o outbound) object {
			out := o.singBox("ssh", nil, object{"user": o.User})
			if o.Password != "" {
				out["password"] = o.Password
			}
			if o.PrivateKey != "" {
				out["private_key"] = strings.Split(o.PrivateKey, "\n")
			}
			if o.HostKey != "" {
				out["host_key"] = []string{strings.TrimSpace(o.HostKey)}
			}
			return out
		},
	},
}

func (o outbound) singBox(kind string, tls, more object) object {
	out := object{"type": kind, "server": o.host, "server_port": o.port}
	if tls != nil {
		out["tls"] = tls
	}
	maps.Copy(out, more)
	return out
}

func (o outbound) tls(alpn string, more object) object {
	tls := object{"enabled": true, "server_name": o.name()}
	if o.CA != "" {
		tls["certificate"] = strings.Split(strings.TrimSpace(o.CA), "\n")
	}
	switch {
	case len(o.ALPN) > 0:
		tls["alpn"] = o.ALPN
	case alpn != "":
		tls["alpn"] = []string{alpn}
	}
	maps.Copy(tls, more)
	return tls
}

// echConfigs are the lines of a PEM block.
func (o outbound) echConfigs() []string {
	if strings.HasPrefix(o.ECHConfig, "-----") {
		return strings.Split(strings.TrimSpace(o.ECHConfig), "\n")
	}
	return []string{"-----BEGIN ECH CONFIGS-----", o.ECHConfig, "-----END ECH CONFIGS-----"}
}

// name is that of the server in TLS.
func (o outbound) name() string {
	if o.SNI != "" {
		return o.SNI
	}
	return o.host
}
