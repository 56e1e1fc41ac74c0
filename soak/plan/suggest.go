package plan

import "fmt"

// Nearest returns the known name within two edits (for short names, within a
// third of their length), or "".
func Nearest(name string, known []string) string {
	best, at := "", min(2, max(1, len(name)/3))+1
	for _, k := range known {
		if d := edits(name, k); d < at {
			best, at = k, d
		}
	}
	return best
}

// choice lists the known names for an error about an unknown one, with the
// nearest as a suggestion.
func choice(name string, known []string) string {
	if best := Nearest(name, known); best != "" {
		return fmt.Sprintf("%s (did you mean %q?)", alternatives(known), best)
	}
	return alternatives(known)
}

// edits is the distance of a and b in bytes inserted, deleted, changed or swapped
// with their neighbor (Damerau, CACM 7(3), 1964, optimal alignment).
func edits(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, row[j]+1, last[j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
