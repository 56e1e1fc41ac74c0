package judge

import "soakmon/soak"

// AlertKey identifies an alert of a run.
type AlertKey struct {
	ID   soak.SeriesID
	Rule string
}

// AlertKey identifies the alert of a judged series. Where no rule of the plan asked,
// the rule is named after the series.
func (j Judged) AlertKey() AlertKey {
	if j.Rule != nil {
		return AlertKey{j.ID, j.Rule.Name}
	}
	return AlertKey{j.ID, j.ID.Metric + " of the " + j.ID.Process}
}

// Alerts reports whether growth of the series raises an alert: that of the memory of
// soak's own processes is only reported, because the monitor maps the growing run
// file, and its reduced series fill up to their bound in the first hour.
func (j Judged) Alerts() bool {
	return j.Rule != nil || j.ID.Process == soak.RoleTarget || j.Metric.Unit != "bytes"
}

// Decides reports whether the verdict of the run rests on that of the series: not on
// one that is only shown, or depends on its whole, or belongs to one of soak's own
// processes without a rule of the plan.
func (j Judged) Decides() bool {
	depends := j.Verdict.State == soak.Inconclusive && j.PartOf != ""
	return !depends && j.Verdict.State != soak.NotJudged && (j.Rule != nil || j.ID.Process == soak.RoleTarget)
}

// Firing returns the alerts of a run that fired and are not resolved, with the growth
// per hour at which they fired.
func Firing(all []soak.Alert) map[AlertKey]float64 {
	firing := map[AlertKey]float64{}
	for _, a := range all {
		key := AlertKey{soak.SeriesOf(a.Process, a.Metric), a.Rule}
		switch a.State {
		case soak.Firing:
			firing[key] = float64(a.Slope)
		case soak.Resolved:
			delete(firing, key)
		}
	}
	return firing
}
