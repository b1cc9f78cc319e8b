// Package static holds what a browser fetches beside the pages: the stylesheet, the scripts, the fonts and the icons.
//
// It hides where each file comes from (our own folders or npm), that the stylesheet is several files, and that every
// file is served under a name that changes with its content, so that browsers may keep it for ever.
//
// It is a leaf: it imports the standard library only, and any package may import it.
package static

import (
	"bytes"
	"embed"
	"net/http"
	"strings"
	"time"
)

// Exactly the files that are served: node_modules holds much more than a page needs.
//
//go:embed css/*.css js/*.js sw.js icons/* manifest.webmanifest
//go:embed node_modules/htmx.org/dist/htmx.min.js
//go:embed node_modules/htmx-ext-sse/dist/sse.min.js
//go:embed node_modules/@fontsource-variable/fraunces/files/fraunces-latin-opsz-normal.woff2
//go:embed node_modules/@fontsource-variable/fraunces/files/fraunces-latin-ext-opsz-normal.woff2
//go:embed node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2
//go:embed node_modules/@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2
var files embed.FS

var table = build(files)

// URL is where the file of that name is served: "app.css" → "/static/app.3f9c0a1b.css".
// A name that does not exist is a programmer's mistake, found by the first test that draws the page.
func URL(name string) string {
	a, ok := table.byName[name]
	if !ok {
		panic("static: there is no file called " + name)
	}
	return Prefix + a.print
}

// Prefix is the path that Handler answers under.
const Prefix = "/static/"

const (
	forEver = "public, max-age=31536000, immutable"
	askMe   = "no-cache"
)

// Handler serves the files under Prefix, by their fingerprinted and by their plain names.
// A plain name has to be asked for again each time; it exists for what the outside must find, such as icons.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, Prefix)
		if a, ok := table.byPrint[name]; ok {
			serve(w, r, a, forEver)
			return
		}
		if a, ok := table.byName[name]; ok {
			serve(w, r, a, askMe)
			return
		}
		http.NotFound(w, r)
	})
}

// Worker serves the service worker, which has to come from the root: it works for the pages below its address.
func Worker() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Service-Worker-Allowed", "/")
		serve(w, r, table.byName["sw.js"], askMe)
	})
}

func serve(w http.ResponseWriter, r *http.Request, a *asset, cache string) {
	h := w.Header()
	h.Set("Cache-Control", cache)
	h.Set("Content-Type", a.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", a.etag)
	body := a.body
	if a.packed != nil {
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			h.Set("ETag", a.etagPacked)
			body = a.packed
		}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
