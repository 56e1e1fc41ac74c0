package protocol

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"soakmon/soak"
	"soakmon/soak/load"
	"soakmon/soak/options"
)

// The networks of a workload.
const (
	networkTCP = "tcp"
	networkUDP = "udp"
)

// The options of all protocols that dial, by network.
var (
	streamOption = Option{"mode", "echo (default: the payload goes out and comes back), bulk_up, bulk_down or bulk_both (verified transfers to and from soak's own reference destination)"}
	packetOption = Option{"lost_after", "network udp: a datagram counts as lost when its answer has not come within so long; 1s by default"}
)

var connKeys = []string{"mode", "lost_after"}

var streamVariants = []string{`{"mode":"bulk_up"}`, `{"mode":"bulk_down"}`, `{"mode":"bulk_both"}`}

type connOptions struct {
	Mode      string           `json:"mode"`
	LostAfter options.Duration `json:"lost_after"`
}

// openConns makes the opener of a protocol that dials.
func openConns(p Protocol, w soak.Workload) (load.Opener, error) {
	o := connOptions{Mode: load.Echo}
	picked, rest, err := options.Split(w.Options, connKeys...)
	if err != nil {
		return nil, err
	}
	if err := options.Decode(picked, &o); err != nil {
		return nil, err
	}
	if err := o.check(w); err != nil {
		return nil, err
	}
	w.Options = rest
	dialer, err := p.Dial(w)
	if err != nil {
		return nil, err
	}
	opener, err := o.open(dialer, w)
	if err != nil {
		dialer.Close()
		return nil, err
	}
	return opener, nil
}

// check refuses what the workload's network does not have.
func (o connOptions) check(w soak.Workload) error {
	if w.Network != networkUDP {
		if o.LostAfter != 0 {
			return options.Errorf(w.Options, "lost_after", "a stream loses nothing; this belongs to the network udp")
		}
		return nil
	}
	if o.Mode != load.Echo {
		return options.Errorf(w.Options, "mode", "%q is for streams; datagrams are echoed", o.Mode)
	}
	if o.LostAfter < 0 || time.Duration(o.LostAfter) > w.Timeout && w.Timeout > 0 {
		return options.Errorf(w.Options, "lost_after", "%v is not between 0 and the operation's time-out of %v", time.Duration(o.LostAfter), w.Timeout)
	}
	for _, kind := range slices.Sorted(maps.Keys(w.Dirty)) {
		if slices.Contains(load.DirtyKinds, kind) && !slices.Contains(load.PacketDirtyKinds, kind) {
			return fmt.Errorf("network udp has no dirty sessions of kind %q; of the kinds that all protocols have it has %q", kind, load.PacketDirtyKinds)
		}
	}
	return nil
}

func (o connOptions) open(dialer load.Dialer, w soak.Workload) (load.Opener, error) {
	if w.Network != networkUDP {
		opener, err := load.Conns(dialer, o.Mode, w.Payload)
		if err != nil {
			return nil, options.Errorf(w.Options, "mode", "%v", err)
		}
		return opener, nil
	}
	packets, ok := dialer.(load.PacketDialer)
	if !ok {
		return nil, fmt.Errorf("protocol %s with these options relays no datagrams", w.Protocol)
	}
	return load.Packets(packets, load.PacketOptions{Payload: w.Payload, LostAfter: time.Duration(o.LostAfter), Timeout: w.Timeout})
}
