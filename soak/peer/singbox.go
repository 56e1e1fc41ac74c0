package peer

import (
	"fmt"
	"maps"
)

func init() {
	register(
		singBoxServer.setup("sing-box-hysteria", "sing-box with Hysteria 1, plain and xplus", "hysteria", "hysteria-xplus"),
		singBoxServer.setup("sing-box-hysteria2", "sing-box with Hysteria 2, plain and salamander", "hysteria2", "hysteria2-salamander"),
		singBoxServer.setup("sing-box-tuic", "sing-box with TUIC v5", "tuic"),
		singBoxServer.setup("sing-box-reality", "sing-box with VLESS over REALITY", "reality"),
		singBoxServer.setup("sing-box-ech", "sing-box with Trojan and VLESS in TLS with Encrypted Client Hello", "trojan-ech", "vless-ech"),
		singBoxServer.setup("sing-box-all", "sing-box with all of its protocols at once",
			"hysteria", "hysteria-xplus", "hysteria2", "hysteria2-salamander", "tuic", "reality", "trojan-ech", "vless-ech"),
	)
}

var singBoxServer = proxy{
	program:   singBox,
	arguments: []string{"run", "-c", "sing-box.json"},
	whole: func(_ *secrets, listeners []object, decoy, debug int) object {
		// The camouflage of REALITY must be a site that speaks TLS 1.3: one more
		// listener of the same server is.
		site := singBoxListener("trojan", decoy, singBoxTLS("", nil), object{"users": []object{{"password": text()}}})
		return object{
			"log":          object{"level": "error"},
			"inbounds":     append(listeners, site),
			"outbounds":    []object{{"type": "direct"}},
			"experimental": object{"debug": object{"listen": loopback(debug)}},
		}
	},
	listeners: map[string]func(s *secrets, port, decoy int) object{
		"hysteria": func(s *secrets, port, _ int) object {
			return singBoxListener("hysteria", port, singBoxTLS("hysteria", nil), object{"users": []object{{"auth_str": s.password}}, "up_mbps": 1000, "down_mbps": 1000})
		},
		"hysteria-xplus": func(s *secrets, port, _ int) object {
			return singBoxListener("hysteria", port, singBoxTLS("hysteria", nil), object{"users": []object{{"auth_str": s.password}}, "up_mbps": 1000, "down_mbps": 1000, "obfs": s.obfs})
		},
		"hysteria2": func(s *secrets, port, _ int) object {
			return singBoxListener("hysteria2", port, singBoxTLS("h3", nil), object{"users": []object{{"password": s.password}}})
		},
		"hysteria2-salamander": func(s *secrets, port, _ int) object {
			return singBoxListener("hysteria2", port, singBoxTLS("h3", nil), object{"users": []object{{"password": s.password}}, "obfs": object{"type": "salamander", "password": s.obfs}})
		},
		"tuic": func(s *secrets, port, _ int) object {
			return singBoxListener("tuic", port, singBoxTLS("h3", nil), object{"users": []object{{"uuid": s.uuid, "password": s.password}}, "congestion_control": "cubic"})
		},
		"reality": func(s *secrets, port, decoy int) object {
			tls := object{"enabled": true, "server_name": serverName, "reality": object{
				"enabled": true, "private_key": s.reality.private, "short_id": []string{s.reality.shortID},
				"handshake": object{"server": "127.0.0.1", "server_port": decoy},
			}}
			return singBoxListener("vless", port, tls, object{"users": []object{{"uuid": s.uuid}}})
		},
		"trojan-ech": func(s *secrets, port, _ int) object {
			return singBoxListener("trojan", port, singBoxTLS("", singBoxECH), object{"users": []object{{"password": s.password}}})
		},
		"vless-ech": func(s *secrets, port, _ int) object {
			return singBoxListener("vless", port, singBoxTLS("", singBoxECH), object{"users": []object{{"uuid": s.uuid}}})
		},
	},
}

var singBoxECH = object{"ech": object{"enabled": true, "key_path": echFile}}

// idle is when a server forgets an association that no datagram uses: as soon as
// QUIC gives up a silent connection, so that rests need not wait longer.
const (
	idle        = "30s"
	idleSeconds = 30
)

func singBoxListener(kind string, port int, tls, more object) object {
	l := object{"type": kind, "tag": fmt.Sprintf("%s-%d", kind, port), "listen": "127.0.0.1", "listen_port": port, "udp_timeout": idle, "tls": tls}
	maps.Copy(l, more)
	return l
}

func singBoxTLS(alpn string, more object) object {
	tls := object{"enabled": true, "server_name": serverName, "certificate_path": certFile, "key_path": certKeyFile}
	if alpn != "" {
		tls["alpn"] = []string{alpn}
	}
	maps.Copy(tls, more)
	return tls
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
