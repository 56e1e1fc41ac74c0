package main

func init() { keepers["slower"] = slower }

var found int

// slower scans a list that grows, so that each turn takes longer: no leak to
// speak of, and more and more CPU time under the same load. Turns that a busy
// machine delays are made up for.
func slower(n int) {
	for range n {
		slice = append(slice, nil)
		for range scans {
			found += scanAll(slice)
		}
	}
}

// scans in each turn, so many that a CPU profile sees them early on.
const scans = 100_000

//go:noinline
func scanAll(all [][]byte) (n int) {
	for i := range all {
		n += len(all[i])
	}
	return n
}
