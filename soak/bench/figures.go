package bench

// The units of figures.
const (
	perSecond = "bytes/s"
	seconds   = "seconds"
	rate      = "1/s"
	perGB     = "seconds/GB"
	bytesUnit = "bytes"
)

// Kind describes one figure of the table.
type Kind struct {
	Name  string
	Unit  string
	Title string // for people, short
	More  bool   // more is better
}

// Kinds are the figures of a contender, in the order of the table.
var Kinds = []Kind{
	{"up", perSecond, "up", true},
	{"down", perSecond, "down", true},
	{"both", perSecond, "both ways", true},
	{"echo_p50", seconds, "echo p50", false},
	{"echo_p95", seconds, "p95", false},
	{"echo_p99", seconds, "p99", false},
	{"connect_p50", seconds, "connect p50", false},
	{"connect_p95", seconds, "p95", false},
	{"connections", rate, "connections", true},
	{"session_p50", seconds, "session p50", false},
	{"sessions", rate, "sessions", true},
	{"server_cpu", perGB, "server CPU", false},
	{"client_cpu", perGB, "client CPU", false},
	{"session_server_cpu", seconds, "server CPU a session", false},
	{"session_client_cpu", seconds, "client CPU a session", false},
	{"idle_memory", bytesUnit, "idle conn.", false},
	{"active_memory", bytesUnit, "active conn.", false},
}

// Glossary says what the figures are, for below the table.
var Glossary = []string{
	"up, down, both ways: payload of verified transfers on one session, after one that is not timed; both ways is the sum of the two",
	"echo: 64 bytes there and back on one kept session, one after the other",
	"connect: a whole new connection, from its dial to the first byte back; connections: number per second, opened by 8 workers",
	"session: the same for a new session where a protocol carries many on one connection; elsewhere it is the connection",
	"CPU: seconds of all processes of that side per 10⁹ bytes of payload; the client's makes and checks the payload as well",
	"CPU per session: the same while 8 workers open new ones",
	"memory: private memory of the server per connection, idle after one echo of 16 KiB, and while all do it",
	"ratios: medians of the ratios within each round, to direct TCP and to a plain TCP relay",
	"±: how far the 95 % interval reaches from the median; ±∞: too few measurements for one, it takes six",
}

func kindOf(name string) (Kind, bool) {
	for _, k := range Kinds {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}
