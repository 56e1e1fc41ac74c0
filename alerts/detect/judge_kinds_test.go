package detect

import "testing"

// A few of each kind, every time; TestEval_Kinds judges many.
const fewOfKind = 2

func TestJudge_Kinds(t *testing.T) {
	t.Parallel()
	for _, m := range kinds {
		for k := range fewOfKind {
			l := generateKind(m, 103, k)
			s := m.score(l, Judge{}.Judge(l.question()))
			if why := s.wrong(); why != "" {
				t.Errorf("%s/%d: %s: %s, slope %.4g/h of %.4g, limit %.4g: %s", m.name, k, why, s.v.State, s.v.Slope, l.slope, s.v.MinDetectable, s.v.Reason)
			}
		}
	}
}
