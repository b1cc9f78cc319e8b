//go:build !linux

package localpg

import (
	"os/exec"
	"strconv"
)

// commandLine is empty for a process that is gone.
func commandLine(pid int) string {
	out, err := exec.Command("/bin/ps", "-ww", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return string(out)
}
