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

var streamVariants = []string{`{"mode":"bulk_up"}`, `{"mode":"bulk_down"}`, `{"mode":"bulk_both"}`}

// connOptions are those of all protocols that dial.
type connOptions struct {
	Mode      string
	LostAfter options.Duration // 0: load.DefaultLostAfter, or the time-out of an operation where that is shorter
}

func (o *connOptions) schema() []Option {
	lostAfter := option("lost_after", &o.LostAfter, SideClient, 0, "network udp: a datagram counts as lost when its answer has not arrived after this time")
	lostAfter.Default = load.DefaultLostAfter.String()
	return []Option{
		option("mode", &o.Mode, SideClient, load.Echo, "echo: the payload goes out and comes back; bulk_up, bulk_down, bulk_both: verified transfers to and from the reference destination of soak",
			load.Echo, load.BulkUp, load.BulkDown, load.BulkBoth),
		lostAfter,
	}
}

// openConns makes the opener of a protocol that dials.
func openConns(p Protocol, w soak.Workload) (load.Opener, error) {
	var o connOptions
	picked, rest, err := options.Split(w.Options, names(o.schema(), func(Option) bool { return true })...)
	if err != nil {
		return nil, err
	}
	if err := decode(picked, &o); err != nil {
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
