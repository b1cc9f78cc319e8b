package testdb

import "golang.org/x/sys/unix"

// Docker gives 64 MB by default, which one server fills.
const enoughRAM = 1 << 30

// ramFolder goes by the size and not by what is free, so that all processes of a run come to the same answer.
func ramFolder() (path string, roomy bool) {
	const shm = "/dev/shm"
	var fs unix.Statfs_t
	if err := unix.Statfs(shm, &fs); err != nil {
		return "", false
	}
	return shm, fs.Blocks*uint64(fs.Bsize) >= enoughRAM
}
