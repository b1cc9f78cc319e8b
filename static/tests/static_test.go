// Package tests holds static to its budgets: it sees what a browser sees, through the handler.
package tests

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/static"
)

const kB = 1000

func get(t *testing.T, url, encoding string) (*http.Response, []byte) {
	t.Helper()
	r := httptest.NewRequest("GET", url, nil)
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result(), body
}

func TestBudgets(t *testing.T) {
	t.Parallel()
	_, css := get(t, static.URL("app.css"), "")
	if len(css) > 30*kB {
		t.Errorf("the stylesheet is %d bytes, more than 30 kB", len(css))
	}
	own := 0
	scripts, _ := filepath.Glob("../js/*.js")
	for _, name := range scripts {
		_, b := get(t, static.URL(filepath.Base(name)), "")
		own += len(b)
	}
	if own > 10*kB {
		t.Errorf("our own scripts are %d bytes, more than 10 kB", own)
	}
	// The service worker is fetched apart from every page.
	worker := httptest.NewRecorder()
	static.Worker().ServeHTTP(worker, httptest.NewRequest("GET", "/sw.js", nil))
	if worker.Body.Len() > 2*kB {
		t.Errorf("the service worker is %d bytes, more than 2 kB", worker.Body.Len())
	}
	t.Logf("css %d bytes, own js %d bytes, service worker %d bytes", len(css), own, worker.Body.Len())
}

// What a live page loads beside its own HTML. 160 kB are for both, so this leaves 14 kB for the HTML.
func TestFirstLoad(t *testing.T) {
	t.Parallel()
	total := 0
	for _, name := range []string{
		"app.css", "app.js", "htmx.min.js", "sse.min.js", "icon.svg", "manifest.webmanifest",
		"inter-latin-wght-normal.woff2", "fraunces-latin-opsz-normal.woff2",
	} {
		_, body := get(t, static.URL(name), "gzip")
		t.Logf("%6d %s", len(body), name)
		total += len(body)
	}
	t.Logf("%6d together", total)
	if total > 146*kB {
		t.Errorf("the first load is %d bytes beside the HTML, more than 146 kB", total)
	}
}

func TestEverySheetIsServed(t *testing.T) {
	t.Parallel()
	_, css := get(t, static.URL("app.css"), "")
	order, _, _ := strings.Cut(string(css), ";")
	sheets, _ := filepath.Glob("../css/*.css")
	for _, path := range sheets {
		name := strings.TrimSuffix(filepath.Base(path), ".css")
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(order) {
			t.Errorf("css/%s.css is in no layer: %s", name, order)
		}
	}
}

func TestWhatIsReferredToExists(t *testing.T) {
	t.Parallel()
	found := 0
	for _, name := range []string{"app.css", "manifest.webmanifest", "sw.js"} {
		_, body := get(t, static.URL(name), "")
		if strings.Contains(string(body), "@static(") {
			t.Errorf("%s still carries @static(…)", name)
		}
		for _, url := range regexp.MustCompile(`/static/[\w.-]+`).FindAllString(string(body), -1) {
			found++
			if r, _ := get(t, url, ""); r.StatusCode != http.StatusOK {
				t.Errorf("%s refers to %s: %s", name, url, r.Status)
			}
		}
	}
	if found < 6 {
		t.Errorf("only %d references found", found)
	}
}

func TestHandler(t *testing.T) {
	t.Parallel()
	r, packed := get(t, static.URL("app.css"), "gzip, br")
	for header, want := range map[string]string{
		"Content-Encoding": "gzip", "Vary": "Accept-Encoding", "Content-Type": "text/css; charset=utf-8",
		"Cache-Control": "public, max-age=31536000, immutable",
	} {
		if got := r.Header.Get(header); got != want {
			t.Errorf("%s = %q, want %q", header, got, want)
		}
	}
	z, err := gzip.NewReader(strings.NewReader(string(packed)))
	if err != nil {
		t.Fatal(err)
	}
	unpacked, _ := io.ReadAll(z)
	if _, plain := get(t, static.URL("app.css"), ""); string(unpacked) != string(plain) {
		t.Error("packed and plain differ")
	}
	if r, _ := get(t, "/static/app.css", ""); r.Header.Get("Cache-Control") != "no-cache" {
		t.Error("a plain name must be asked for again")
	}
	for _, url := range []string{"/static/", "/static/nothing.css", "/static/app.000000000000.css", "/static/../static.go", "/static/package.json"} {
		if r, _ := get(t, url, ""); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s, want 404", url, r.Status)
		}
	}
}

func TestWorker(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	static.Worker().ServeHTTP(w, httptest.NewRequest("GET", "/sw.js", nil))
	for header, want := range map[string]string{"Service-Worker-Allowed": "/", "Cache-Control": "no-cache", "Content-Type": "text/javascript; charset=utf-8"} {
		if got := w.Header().Get(header); w.Code != http.StatusOK || got != want {
			t.Errorf("%d, %s = %q, want %q", w.Code, header, got, want)
		}
	}
}

func TestNotModified(t *testing.T) {
	t.Parallel()
	first, _ := get(t, static.URL("app.js"), "gzip")
	r := httptest.NewRequest("GET", static.URL("app.js"), nil)
	r.Header.Set("Accept-Encoding", "gzip")
	r.Header.Set("If-None-Match", first.Header.Get("ETag"))
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusNotModified {
		t.Errorf("status %d, want 304", w.Code)
	}
}

// Scripts are served without their indentation, so no text in them may run over several lines.
func TestNoTextOverSeveralLines(t *testing.T) {
	t.Parallel()
	scripts, _ := filepath.Glob("../js/*.js")
	for _, name := range append(scripts, "../sw.js") {
		js, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(js), "\n") {
			if strings.Count(line, "`")%2 != 0 {
				t.Errorf("%s:%d: a text in backquotes does not end on its line", name, i+1)
			}
		}
	}
}

func TestMinifyKeepsMeaning(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a :hover { color : red ; }":                                                  "a :hover{color :red}",
		"a { b: calc(1px + 2px); /* x { } */ }":                                       "a{b:calc(1px + 2px)}",
		`a { content: "a ; { b" }`:                                                    `a{content:"a ; { b"}`,
		".a .b,\n.c { & > d { e: f } }":                                               ".a .b,.c{>d{e:f}}",
		"a { b: 0.50rem calc(0.25rem - 0.970px) } > .c {}":                            "a{b:.5rem calc(.25rem - .97px)}>.c{}",
		".a { & .b, & :is(c) { d: e } &:hover { f: g } & + & { h: i } & j { k: l } }": ".a{.b,:is(c){d:e}&:hover{f:g}& + &{h:i}& j{k:l}}",
		"a { b: 10.05% 0.1s; c: U+0100-01FF }":                                        "a{b:10.05% .1s;c:U+100-1FF}",
	} {
		if got := string(static.Minify([]byte(in))); got != want {
			t.Errorf("%q → %q, want %q", in, got, want)
		}
	}
}

func TestLightenKeepsMeaning(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"const a = 1 // one\nlet b = a + +a\n":                 "const a=1\nlet b=a+ +a\n",
		"// first\nif (a) {\n  b()\n} else c()\n":              "if(a){b()}else c()\n",
		"a = `b  ${c({ d: '}' })} // e`":                       "a=`b  ${c({ d: '}' })} // e`\n",
		"a = 'it\\'s  // here'":                                "a='it\\'s  // here'\n",
		"a = b / c / d; e = /[/ ]  x/.test(f)":                 "a=b/c/d;e=/[/ ]  x/.test(f)\n",
		"return /a b/":                                         "return/a b/\n",
		"a\n++b\n":                                             "a\n++b\n",
		"a = () => {}\nb = [\n  1,\n  2,\n]\n(c)":              "a=()=>{}\nb=[1,2,]\n(c)\n",
		"p\n  .then(x => x)\n  .catch(() => {})":               "p.then(x=>x).catch(()=>{})\n",
		"/* gone */ a /* gone */ in b":                         "a in b\n",
		"class A {\n  #b = 1\n  get c() { return this.#b }\n}": "class A{#b=1\nget c(){return this.#b}}\n",
		"x = a ?\n  b :\n  c":                                  "x=a?b:c\n",
		"s = `a ${b ? `c  ${d}` : ''}  e`":                     "s=`a ${b ? `c  ${d}` : ''}  e`\n",
	} {
		if got := string(static.Lighten([]byte(in))); got != want {
			t.Errorf("%q → %q, want %q", in, got, want)
		}
	}
}
