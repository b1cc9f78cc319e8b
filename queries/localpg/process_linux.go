package localpg

import (
	"os"
	"strconv"
)

// commandLine reads /proc: a bare Debian has no ps. It is empty for a process that is gone or a zombie.
func commandLine(pid int) string {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err != nil {
		return ""
	}
	return string(text)
}
