//go:build !linux

package testdb

func ramFolder() (path string, roomy bool) { return "", false }
