package peer

import (
	"fmt"
)

var xrayAsClient = clientProgram{
	program: xray,
	env:     map[string]string{"XRAY_CONE_DISABLED": "true"}, // datagrams as VLESS has them, without Xray's own XUDP
	whole: func(socks []int, outbounds []object, debug int) object {
		var inbounds, rules []object
		for i, port := range socks {
			in, out := fmt.Sprintf("in-%d", i), fmt.Sprintf("out-%d", i)
			outbounds[i]["tag"] = out
			inbounds = append(inbounds, object{"tag": in, "protocol": "socks", "listen": "127.0.0.1", "port": port, "settings": object{"udp": true, "ip": "127.0.0.1"}})
			rules = append(rules, object{"type": "field", "inboundTag": []string{in}, "outboundTag": out})
		}
		return object{
			"log": object{"loglevel": "error"}, "inbounds": inbounds, "outbounds": outbounds, "routing": object{"rules": rules},
			"stats": object{}, "metrics": object{"listen": loopback(debug)},
		}
	},
	outbounds: map[string]func(o outbound) object{
		"reality": func(o outbound) object {
			return object{
				"protocol": "vless",
				"settings": object{"address": o.host, "port": o.port, "id": o.UUID, "encryption": "none"},
				"streamSettings": object{"network": "raw", "security": "reality", "realitySettings": object{
					"serverName": o.SNI, "fingerprint": "chrome", "password": o.PublicKey, "shortId": o.ShortID,
				}},
			}
		},
		"hysteria2": func(o outbound) object {
			tls := object{"serverName": o.name(), "alpn": []string{"h3"}}
			if o.CA != "" {
				tls["disableSystemRoot"] = true
				tls["certificates"] = []object{{"usage": "verify", "certificate": []string{o.CA}}}
			}
			stream := object{
				"network": "hysteria", "hysteriaSettings": object{"version": 2, "auth": o.Password},
				"security": "tls", "tlsSettings": tls,
			}
			if o.Obfs.Type != "" {
				stream["finalmask"] = object{"udp": []object{{"type": o.Obfs.Type, "settings": object{"password": o.Obfs.Password}}}}
			}
			return object{"protocol": "hysteria", "settings": object{"version": 2, "address": o.host, "port": o.port}, "streamSettings": stream}
		},
	},
}
