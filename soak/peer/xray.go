package peer

import "maps"

func init() {
	register(
		xrayServer.setup("xray-reality", "Xray with VLESS over REALITY", "reality"),
		xrayServer.setup("xray-hysteria2", "Xray with Hysteria 2, plain and salamander", "hysteria2", "hysteria2-salamander"),
		xrayServer.setup("xray-all", "Xray with all of its protocols at once", "reality", "hysteria2", "hysteria2-salamander"),
	)
}

var xrayServer = proxy{
	program:   xray,
	arguments: []string{"run", "-c", "xray.json"},
	whole: func(s *secrets, listeners []object, decoy, debug int) object {
		// The camouflage of REALITY, as sing-box's.
		site := xrayListener("trojan", decoy, object{"clients": []object{{"password": text()}}}, object{
			"network": "raw", "security": "tls", "tlsSettings": xrayTLS(s, "http/1.1"),
		})
		return object{
			"log":       object{"loglevel": "error"},
			"inbounds":  append(listeners, site),
			"outbounds": []object{{"protocol": "freedom"}},
			"stats":     object{},
			"metrics":   object{"listen": loopback(debug)},
		}
	},
	listeners: map[string]func(s *secrets, port, decoy int) object{
		"reality": func(s *secrets, port, decoy int) object {
			return xrayListener("vless", port, object{"clients": []object{{"id": s.uuid}}, "decryption": "none"}, object{
				"network": "raw", "security": "reality", "realitySettings": object{
					"target": loopback(decoy), "serverNames": []string{serverName},
					"privateKey": s.reality.private, "shortIds": []string{s.reality.shortID},
				},
			})
		},
		"hysteria2": func(s *secrets, port, _ int) object { return xrayHysteria2(s, port, nil) },
		"hysteria2-salamander": func(s *secrets, port, _ int) object {
			return xrayHysteria2(s, port, object{"finalmask": object{
				"udp": []object{{"type": "salamander", "settings": object{"password": s.obfs}}},
			}})
		},
	},
}

func xrayHysteria2(s *secrets, port int, more object) object {
	stream := object{
		"network": "hysteria", "hysteriaSettings": object{"version": 2, "udpIdleTimeout": idleSeconds},
		"security": "tls", "tlsSettings": xrayTLS(s, "h3"),
	}
	maps.Copy(stream, more)
	return xrayListener("hysteria", port, object{"version": 2, "clients": []object{{"auth": s.password}}}, stream)
}

func xrayListener(protocol string, port int, settings, stream object) object {
	return object{"protocol": protocol, "listen": "127.0.0.1", "port": port, "settings": settings, "streamSettings": stream}
}

// xrayTLS holds the certificate itself: Xray looks for a file next to its
// program where the path is relative.
func xrayTLS(s *secrets, alpn string) object {
	return object{"alpn": []string{alpn}, "certificates": []object{{
		"certificate": []string{string(s.files[certFile])}, "key": []string{string(s.files[certKeyFile])},
	}}}
}
