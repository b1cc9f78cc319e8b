package web

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/net/html"

	"github.com/wedsync/wedsync/jobs"
	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/queries/testdb"
)

const operatorAddress = "Ops@Example.com"

// site is the whole server on a database of its own.
type site struct {
	*Server
	pool *pgxpool.Pool
	box  *seal.Box
	jobs *jobs.Jobs
	log  *logBook
	base string
}

// newSite has an organisation nowhere yet; its jobs are worked once work is called.
func newSite(t *testing.T, change ...func(*Config)) *site {
	t.Helper()
	return siteOn(t, testdb.New(t), change...)
}

func siteOn(t *testing.T, pool *pgxpool.Pool, change ...func(*Config)) *site {
	t.Helper()
	box, err := seal.FromFile(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	book := &logBook{}
	log := slog.New(slog.NewJSONHandler(book, &slog.HandlerOptions{Level: slog.LevelDebug}))
	waker := queries.NewWaker(queries.New(pool), log)
	c := Config{Pool: pool, Box: box, Waker: waker, Log: log, URL: &url.URL{Scheme: "http", Host: "wedsync.test"}, Operators: []string{operatorAddress}, Works: true, Serves: true, AllowPrivate: true}
	for _, f := range change {
		f(&c)
	}
	j, err := jobs.New(jobs.Config{Pool: pool, Waker: waker, Log: log, Node: "node-" + uuid.NewString(), Work: true, Box: box, URL: c.URL, AllowPrivate: true, Carriers: c.Carriers, Calendars: c.Calendars})
	if err != nil {
		t.Fatal(err)
	}
	c.Jobs = j
	if _, err := j.Ear.Carriers.Push.Wire(t.Context()); err != nil {
		t.Log("no key for pushes:", err) // a site without a database
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var door sync.WaitGroup
	door.Go(func() { s.door.Run(ctx) })
	t.Cleanup(func() { stop(); door.Wait() })
	return &site{Server: s, pool: pool, box: box, jobs: j, log: book, base: c.URL.String()}
}

func (s *site) work(t *testing.T) *site {
	t.Helper()
	if err := s.jobs.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := s.jobs.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return s
}

// logBook is what was logged. Workers write to it at the same time.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// do asks, and holds every answer to what all of them promise.
func (s *site) do(t *testing.T, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	checkHeaders(t, r, w.Header())
	if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") && w.Header().Get("Content-Encoding") == "" {
		checkNothingInline(t, r, w.Body.Bytes())
	}
	return w
}

func (s *site) get(t *testing.T, path string, as *http.Cookie) *httptest.ResponseRecorder {
	t.Helper()
	return s.do(t, s.request(t, http.MethodGet, path, nil, as))
}

func (s *site) post(t *testing.T, path string, form url.Values, as *http.Cookie) *httptest.ResponseRecorder {
	t.Helper()
	return s.do(t, s.request(t, http.MethodPost, path, form, as))
}

// request is a browser's; a stream among them ends by itself.
func (s *site) request(t *testing.T, method, path string, form url.Values, as *http.Cookie) *http.Request {
	t.Helper()
	ctx, cancel := t.Context(), func() {}
	if strings.HasPrefix(path, "/live") {
		ctx, cancel = context.WithTimeout(ctx, 400*time.Millisecond) // long enough for a busy machine to refuse it
	}
	t.Cleanup(cancel)
	r := httptest.NewRequestWithContext(ctx, method, s.base+path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if as != nil {
		r.AddCookie(as)
	}
	return r
}

// session signs somebody in without the form.
func (s *site) session(t *testing.T, p testdb.Person) *http.Cookie {
	t.Helper()
	home, err := s.q.HomeOf(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	token, hash := seal.NewToken()
	_, err = s.q.CreateSession(t.Context(), queries.CreateSessionParams{TokenSha256: hash, UserID: p.ID, OrgID: home.OrgID, ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return s.cookie(token, 3600)
}

func (s *site) connect(t *testing.T, org uuid.UUID, p queries.Provider, proof queries.SenderProof) inbound.Connection {
	t.Helper()
	made, err := inbound.Connect(t.Context(), s.pool, s.box, org, nil, p, proof, "")
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func checkHeaders(t *testing.T, r *http.Request, h http.Header) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin", "Permissions-Policy": "camera=()", "Cache-Control": "", "X-Request-Id": "",
	} {
		if got := h.Get(name); got == "" || !strings.Contains(got, want) {
			t.Errorf("%s %s: %s: %q", r.Method, r.URL.Path, name, got)
		}
	}
	for directive := range strings.SplitSeq(h.Get("Content-Security-Policy"), ";") {
		if name := strings.TrimSpace(directive); strings.HasPrefix(name, "script-src") && strings.Contains(name, "unsafe") {
			t.Errorf("%s %s: %s", r.Method, r.URL.Path, name)
		}
	}
}

// checkNothingInline: the policy would block it, so it must not be there.
func checkNothingInline(t *testing.T, r *http.Request, page []byte) {
	t.Helper()
	tokens := html.NewTokenizer(bytes.NewReader(page))
	for kind := tokens.Next(); kind != html.ErrorToken; kind = tokens.Next() {
		token := tokens.Token()
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		source := false
		for _, a := range token.Attr {
			source = source || a.Key == "src"
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Key, "hx-on") || strings.HasPrefix(strings.TrimSpace(strings.ToLower(a.Val)), "javascript:") {
				t.Errorf("%s %s: %s=%q stands in the page", r.Method, r.URL.Path, a.Key, a.Val)
			}
		}
		if token.Data == "style" || token.Data == "script" && !source {
			t.Errorf("%s %s: <%s> stands in the page", r.Method, r.URL.Path, token.Data)
		}
	}
}

// contents is a fingerprint of every table of ours.
func (s *site) contents(t *testing.T) map[string]string {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT IN ('river_leader', 'river_client')")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, table := range tables {
		query := "SELECT count(*) || ' ' || md5(coalesce(string_agg(t::text, E'\n' ORDER BY t::text), '')) FROM " + pgx.Identifier{table}.Sanitize() + " t"
		var print string
		if err := s.pool.QueryRow(t.Context(), query).Scan(&print); err != nil {
			t.Fatal(err)
		}
		all[table] = print
	}
	return all
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline, tick := time.After(30*time.Second), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("it never came that %s", what)
		}
	}
}
