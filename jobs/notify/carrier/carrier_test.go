package carrier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

var noon = time.Date(2027, 6, 12, 12, 0, 0, 0, time.UTC)

// world is a door on a database of its own, and an organisation that sends.
type world struct {
	pool *pgxpool.Pool
	door *outside.Door
	org  uuid.UUID
}

func newWorld(t *testing.T) world {
	t.Helper()
	pool := testdb.New(t)
	return world{pool, outside.New(outside.Config{Pool: pool, Log: slog.New(slog.DiscardHandler), AllowPrivate: true}), testdb.Org(t, pool).ID}
}

func (w world) mail() Mail {
	return Mail{OrgID: w.org, ID: uuid.Must(uuid.NewV7()), From: "Kay Photography <post@wedsync.example>", To: "anna@example.com", ReplyTo: "kay@example.com",
		Subject: "Your booking — 12 June", HTML: "<p>Hello</p>", Text: "Hello", Headers: map[string]string{"List-Unsubscribe": "<https://wedsync.example/u/x>"}}
}

func (w world) count(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	if err := w.pool.QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func hang(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// drop closes a connection without an answer, once the request has been heard.
func drop(t *testing.T, w http.ResponseWriter, r *http.Request) {
	t.Helper()
	if err := r.ParseForm(); err != nil {
		t.Error(err)
	}
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	conn.Close()
}

func TestWhatACallWithoutAnAnswerMeans(t *testing.T) {
	t.Parallel()
	until := noon.Add(time.Minute)
	for _, tt := range []struct {
		what string
		err  error
		fate Fate
		ours bool
	}{
		{"the breaker is open", &outside.Open{Peer: "resend", Until: until}, Closed, false},
		{"never sent", &outside.Later{}, Later, false}, {"an answer was lost", &outside.Later{Sent: true}, Ambiguous, false},
		{"cut short by us before", &outside.Later{Err: context.Canceled}, Later, true}, {"cut short by us after", &outside.Later{Sent: true, Err: context.Canceled}, Ambiguous, true},
		{"the operator's address", &outside.Refused{}, Misconfigured, false}, {"a private network", outside.ErrPrivate, Misconfigured, false},
		{"our database", errors.New("breaker: no connection"), Later, true},
	} {
		out := unanswered(fmt.Errorf("%w", tt.err))
		if out.Fate != tt.fate || (out.Err != nil) != tt.ours || tt.fate == Closed && !out.Until.Equal(until) {
			t.Errorf("%s: %+v", tt.what, out)
		}
	}
}

// Header injection, and what else cannot be sent: nothing goes out.
func TestWhatIsNotFitIsNotSent(t *testing.T) {
	t.Parallel()
	var heard atomic.Int64
	w := newWorld(t)
	s := hang(t, func(http.ResponseWriter, *http.Request) { heard.Add(1) })
	for what, spoil := range map[string]func(*Mail){
		"To":                  func(m *Mail) { m.To = "anna@example.com\r\nBcc: all@example.com" },
		"To, bare":            func(m *Mail) { m.To = "anna@example.com\nBcc: all@example.com" },
		"From":                func(m *Mail) { m.From = "Kay\r\nBcc: all@example.com\r\n <post@wedsync.example>" },
		"Reply-To":            func(m *Mail) { m.ReplyTo = "kay@example.com\rBcc: all@example.com" },
		"Subject":             func(m *Mail) { m.Subject = "Hello\r\n\r\n<script>" },
		"Subject, NUL":        func(m *Mail) { m.Subject = "Hello\x00" },
		"a header's value":    func(m *Mail) { m.Headers["List-Unsubscribe"] = "<x>\r\nBcc: all@example.com" },
		"a header's name":     func(m *Mail) { m.Headers["X\r\nBcc"] = "all@example.com" },
		"a name with a colon": func(m *Mail) { m.Headers["Bcc: all@example.com, X"] = "x" },
		"a name of ours":      func(m *Mail) { m.Headers["bCc"] = "all@example.com" },
		"a content header":    func(m *Mail) { m.Headers["Content-Type"] = "text/html" },
		"a long header":       func(m *Mail) { m.Headers["X-Long"] = strings.Repeat("x", headerLimit+1) },
		"a long subject":      func(m *Mail) { m.Subject = strings.Repeat("x", subjectLimit+1) },
		"no address":          func(m *Mail) { m.To = "anna" },
		"two addresses":       func(m *Mail) { m.To = "anna@example.com, tom@example.com" },
		"nobody":              func(m *Mail) { m.To = "" },
		"answers to nobody":   func(m *Mail) { m.ReplyTo = "kay" },
	} {
		for name, send := range map[string]func(Mail) Outcome{
			"resend": func(m Mail) Outcome { return Resend{w.door, "re_1", s.URL}.Send(t.Context(), m) },
			"smtp": func(m Mail) Outcome {
				return SMTP{w.door, strings.Replace(s.URL, "http", "smtp", 1)}.Send(t.Context(), m)
			},
		} {
			m := w.mail()
			spoil(&m)
			if out := send(m); out.Fate != Refused || out.Words == "" || strings.ContainsAny(out.Words, "\r\n") {
				t.Errorf("%s by %s: %+v", what, name, out)
			}
		}
	}
	m := w.mail()
	m.From = "nobody"
	if out := (Resend{w.door, "re_1", s.URL}).Send(t.Context(), m); out.Fate != Misconfigured {
		t.Errorf("a bad MAIL_FROM: %+v", out)
	}
	for _, text := range []Text{{To: "07700 900000", Body: "x"}, {To: "+447700900000\r\n", Body: "x"}, {To: "+0123456789", Body: "x"}, {To: "", Body: "x"},
		{To: "+447700900000"}, {To: "+447700900000", Body: strings.Repeat("é", bodyLimit+1)}, {To: "+447700900000", Body: "a\x00"}} {
		if out := (Twilio{w.door, testSID, "token", "+15005550006", s.URL}).Send(t.Context(), text); out.Fate != Refused || out.Words == "" {
			t.Errorf("%+v: %+v", text, out)
		}
	}
	if heard.Load() != 0 || w.count(t, "SELECT count(*) FROM outside_calls") != 0 {
		t.Error("something was sent")
	}
}

func TestAnOpenBreakerSendsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var heard atomic.Int64
	s := hang(t, func(w http.ResponseWriter, _ *http.Request) {
		heard.Add(1)
		w.WriteHeader(503)
	})
	send := map[string]func() Outcome{
		"resend": func() Outcome { return Resend{w.door, "re_1", s.URL}.Send(t.Context(), w.mail()) },
		"twilio": func() Outcome { return Twilio{w.door, testSID, "token", "Kay", s.URL}.Send(t.Context(), w.text()) },
		"smtp":   func() Outcome { return SMTP{w.door, "smtp://127.0.0.1:1"}.Send(t.Context(), w.mail()) },
	}
	for peer, once := range send {
		before := heard.Load()
		for range 5 {
			if out := once(); peer == "smtp" && out.Fate != Later || peer != "smtp" && out.Fate != Ambiguous {
				t.Fatalf("%s: %+v", peer, out)
			}
		}
		after := heard.Load()
		if out := once(); out.Fate != Closed || out.Until.IsZero() || out.Words == "" || heard.Load() != after || peer != "smtp" && after != before+5 {
			t.Errorf("%s: %+v", peer, out)
		}
		if n := w.count(t, "SELECT count(*) FROM breakers WHERE org_id = $1 AND peer = $2 AND opened_at IS NOT NULL", queries.House, peer); n != 1 {
			t.Errorf("%s: the house has no open breaker", peer)
		}
		if n := w.count(t, "SELECT count(*) FROM outside_calls WHERE org_id = $1 AND peer = $2", w.org, peer); n != 5 {
			t.Errorf("%s: %d rows tell", peer, n)
		}
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", " a \r\n\tb\x00c ": "a bc", "\xff\xfe": "", "é": "é", "a\u202eb": "ab", "\u2028x": "x", strings.Repeat("é", 600): strings.Repeat("é", 499) + "…",
	} {
		if got := plain(in, wordsLimit); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}
