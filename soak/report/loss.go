package report

import (
	"fmt"
	"math"
	"strings"

	"soakmon/soak"
)

// lossLimit is the maximum share of a load's datagrams that may be lost: what the plan
// allows, plus what the conditions drop on the way there and back.
func lossLimit(w soak.Workload, c *soak.Conditions) float64 {
	if c == nil {
		return w.MaxLoss
	}
	return min(w.MaxLoss+1-(1-c.Loss)*(1-c.Loss), 1)
}

// mayBeReset is the number of operations that the conditions may have cut off: one
// for each session that they reset.
func (b *builder) mayBeReset(l Load) float64 {
	if b.plan.Conditions == nil {
		return 0
	}
	return b.plan.Conditions.Reset * float64(l.Sessions)
}

func (l Load) lost() int64 {
	if l.Datagrams == nil {
		return 0
	}
	return l.Datagrams.Lost
}

// lossy returns the share of a load's datagrams that were lost and the limit of that
// share, and reports whether it is exceeded by more than chance explains: by three
// standard deviations of a binomial count.
func lossy(l Load) (lost, limit float64, excess bool) {
	sent := float64(l.Operations + l.Failed + l.lost())
	if sent == 0 {
		return 0, l.LossLimit, false
	}
	chance := 3 * math.Sqrt(sent*l.LossLimit*(1-l.LossLimit))
	return float64(l.lost()) / sent, l.LossLimit, float64(l.lost()) > sent*l.LossLimit+chance
}

// textDatagrams says how many of a load's datagrams were lost, reordered or duplicated.
func textDatagrams(d *soak.Datagrams) string {
	if d == nil {
		return ""
	}
	parts := []string{fmt.Sprintf("%d lost", d.Lost)}
	for _, one := range []struct {
		n    int64
		what string
	}{{d.Overdue, "of them answered too late"}, {d.Reordered, "reordered"}, {d.Duplicated, "duplicated"}, {d.Foreign, "foreign"}} {
		if one.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", one.n, one.what))
		}
	}
	return ", datagrams " + strings.Join(parts, ", ")
}
