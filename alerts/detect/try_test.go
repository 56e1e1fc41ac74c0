package detect
import ("os";"fmt")
func init(){ if s:=os.Getenv("PR"); s!="" { fmt.Sscan(s,&priorWhite,&priorPure,&mixPow) } }
