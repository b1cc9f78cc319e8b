package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

type asset struct {
	name, print, kind string
	body, packed      []byte
	etag, etagPacked  string
}

type assets struct {
	byName, byPrint map[string]*asset
}

// The order of the layers; the first line of layers.css names them too, so a file that is missing here changes nothing silently:
// the tests compare this list with the folder.
var sheets = []string{"reset", "tokens", "base", "layout", "components", "charts", "calendar"}

// build runs once, when the program starts. What refers to other files is made after them, so that it can carry their final names.
func build(src fs.FS) assets {
	t := assets{byName: map[string]*asset{}, byPrint: map[string]*asset{}}
	for _, dir := range []string{"icons", "js", "node_modules"} {
		must(fs.WalkDir(src, dir, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			body := read(src, p)
			if dir == "js" {
				body = Lighten(body)
			}
			t.add(path.Base(p), body)
			return nil
		}))
	}
	t.add("sw.js", Lighten(t.link(read(src, "sw.js"))))
	t.add("manifest.webmanifest", t.link(read(src, "manifest.webmanifest")))
	t.add("app.css", t.link(Nickname(Minify(stylesheet(src)))))
	return t
}

func stylesheet(src fs.FS) []byte {
	var all bytes.Buffer
	all.WriteString("@layer " + strings.Join(sheets, ",") + ";\n")
	for _, s := range sheets {
		fmt.Fprintf(&all, "@layer %s {\n%s\n}\n", s, read(src, "css/"+s+".css"))
	}
	return all.Bytes()
}

func (t assets) add(name string, body []byte) {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:6])
	ext := path.Ext(name)
	a := &asset{
		name: name, body: body, kind: kinds[ext],
		print: strings.TrimSuffix(name, ext) + "." + hash + ext,
		etag:  `"` + hash + `"`, etagPacked: `"` + hash + `-gz"`,
	}
	if a.kind == "" {
		panic("static: no content type for " + name)
	}
	if !compressed[ext] {
		a.packed = pack(body)
	}
	t.byName[name], t.byPrint[a.print] = a, a
}

var kinds = map[string]string{
	".css":         "text/css; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".svg":         "image/svg+xml",
	".png":         "image/png",
	".ico":         "image/x-icon",
	".woff2":       "font/woff2",
	".webmanifest": "application/manifest+json",
}

var compressed = map[string]bool{".woff2": true, ".png": true, ".ico": true}

var reference = regexp.MustCompile(`@static\(([\w.-]+)\)`)

// link replaces @static(name) by the fingerprinted address.
func (t assets) link(body []byte) []byte {
	return reference.ReplaceAllFunc(body, func(m []byte) []byte {
		name := string(reference.FindSubmatch(m)[1])
		a, ok := t.byName[name]
		if !ok {
			panic("static: a file refers to " + name + ", which does not exist")
		}
		return []byte(Prefix + a.print)
	})
}

func pack(body []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, err := z.Write(body)
	must(err)
	must(z.Close())
	return b.Bytes()
}

func read(src fs.FS, name string) []byte {
	b, err := fs.ReadFile(src, name)
	must(err)
	return b
}

// must is for what was decided when the program was built: an embedded file that cannot be read.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
