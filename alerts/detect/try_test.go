package detect

import (
	"fmt"
	"os"
)

func init() {
	if s := os.Getenv("PR"); s != "" {
		fmt.Sscan(s, &priorWhite, &priorPure, &mixPow)
	}
}
