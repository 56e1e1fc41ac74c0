package runner

import (
	"context"
	"fmt"
	"slices"

	"soakmon/soak"
)

// Orders carries what people ask for to the engine of a run.
type Orders chan soak.Order

// NewOrders makes a channel of orders with room for those of a few people.
func NewOrders() Orders { return make(Orders, 8) }

// Do gives the engine one of [soak.RemoteOrders].
func (o Orders) Do(ctx context.Context, order soak.Order) error {
	if !slices.Contains(soak.RemoteOrders, order) {
		return fmt.Errorf("unknown order %q: use one of %v", order, soak.RemoteOrders)
	}
	select {
	case o <- order:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
