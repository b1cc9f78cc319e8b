package carrier

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// pushService is a push service that answers as it is told, and keeps what it heard.
type pushService struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(http.ResponseWriter)
	heard  []*http.Request
	bodies [][]byte
}

func newService(t *testing.T) *pushService {
	t.Helper()
	s := &pushService{answer: func(w http.ResponseWriter) { w.WriteHeader(http.StatusCreated) }}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.heard, s.bodies = append(s.heard, r), append(s.bodies, body)
		answer := s.answer
		s.mu.Unlock()
		answer(w)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *pushService) taken() ([]*http.Request, [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heard, s.bodies
}

func status(code int, headers ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
	}
}

func newWebPush(t *testing.T, private bool) WebPush {
	t.Helper()
	return pushOver(t, testdb.New(t), private)
}

func pushOver(t *testing.T, pool *pgxpool.Pool, private bool) WebPush {
	t.Helper()
	door := outside.New(outside.Config{Pool: pool, Log: slog.New(slog.DiscardHandler), AllowPrivate: private})
	return WebPush{Door: door, Key: newKey(t), Subject: "mailto:post@wedsync.test"}
}

func (d device) note(endpoint string) Note {
	return Note{OrgID: queries.House, ID: uuid.New(), Endpoint: endpoint, P256dh: d.private.PublicKey().Bytes(), Auth: d.auth,
		Payload: []byte(`{"title":"A payment came"}`), TTL: time.Hour, Urgency: "high", Topic: "abc123"}
}

func TestANoteReachesItsBrowser(t *testing.T) {
	t.Parallel()
	s, d, p := newService(t), newDevice(t), newWebPush(t, true)
	s.answer = status(201, "Location", "https://push.example/m/1")
	got := p.Send(t.Context(), d.note(s.URL+"/send/secret"))
	if got.Fate != Accepted || got.Ref != "https://push.example/m/1" || got.Code != "201" || got.Err != nil {
		t.Fatalf("%+v", got)
	}
	heard, bodies := s.taken()
	r := heard[0]
	for name, want := range map[string]string{"TTL": "3600", "Urgency": "high", "Topic": "abc123", "Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream"} {
		if r.Header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, r.Header.Get(name), want)
		}
	}
	c, public := verified(t, r.Header.Get("Authorization"))
	left := time.Until(time.Unix(c.Exp, 0))
	if c.Aud != s.URL || c.Sub != p.Subject || public != p.Key.Public() || left > tokenLife || left < tokenLife-time.Minute {
		t.Errorf("%+v", c)
	}
	if body := d.open(t, bodies[0]); string(body) != `{"title":"A payment came"}` {
		t.Errorf("%s", body)
	}
}

func TestWhatAPushServiceAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		what   string
		answer func(http.ResponseWriter)
		want   Outcome // Words are looked at apart
	}{
		{"created", status(201), Outcome{Fate: Accepted, Code: "201"}},
		{"taken", status(202), Outcome{Fate: Accepted, Code: "202"}},
		{"no content", status(204), Outcome{Fate: Accepted, Code: "204"}},
		{"a long answer", func(w http.ResponseWriter) { w.WriteHeader(201); w.Write(bytes.Repeat([]byte("x"), 1<<20)) }, Outcome{Fate: Accepted, Code: "201"}},
		{"moved", status(301, "Location", "/elsewhere"), Outcome{Fate: Refused, Code: "301"}},
		{"a bad request", status(400), Outcome{Fate: Refused, Code: "400"}},
		{"a bad proof", status(401), Outcome{Fate: Misconfigured, Code: "401"}},
		{"another key", status(403), Outcome{Fate: Misconfigured, Code: "403"}},
		{"unknown", status(404), Outcome{Fate: Refused, Code: "404", Suppress: "gone"}},
		{"gone", status(410), Outcome{Fate: Refused, Code: "410", Suppress: "gone"}},
		{"too large", status(413), Outcome{Fate: Refused, Code: "413"}},
		{"too many", status(429, "Retry-After", "120"), Outcome{Fate: Later, Code: "429", After: 2 * time.Minute}},
		{"broken", status(500), Outcome{Fate: Later, Code: "500"}},
		{"away", status(503, "Retry-After", "30"), Outcome{Fate: Later, Code: "503", After: 30 * time.Second}},
		{"hangs up", func(w http.ResponseWriter) { hangUp(w) }, Outcome{Fate: Ambiguous, Code: "network"}},
	}
	pool := testdb.New(t)
	p := pushOver(t, pool, true)
	for _, tt := range tests {
		s, d := newService(t), newDevice(t)
		s.answer = tt.answer
		if _, err := pool.Exec(t.Context(), "DELETE FROM breakers"); err != nil { // all services are on one host
			t.Fatal(err)
		}
		got := p.Send(t.Context(), d.note(s.URL+"/send/SECRET"))
		if got.Words == "" || strings.Contains(got.Words, "SECRET") {
			t.Errorf("%s: words %q", tt.what, got.Words)
		}
		if got.Words = ""; got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.what, got, tt.want)
		}
		if heard, _ := s.taken(); len(heard) != 1 {
			t.Errorf("%s: heard %d times", tt.what, len(heard))
		}
	}
}

func hangUp(w http.ResponseWriter) {
	if wire, _, err := w.(http.Hijacker).Hijack(); err == nil {
		wire.Close()
	}
}

func TestWhatIsNeverSent(t *testing.T) {
	t.Parallel()
	s, d, p := newService(t), newDevice(t), newWebPush(t, true)
	tests := []struct {
		what   string
		change func(*Note)
		want   Outcome
	}{
		{"a large payload", func(n *Note) { n.Payload = make([]byte, MaxPush+1) }, Outcome{Fate: Refused, Code: "too_large"}},
		{"no key", func(n *Note) { n.P256dh = nil }, Outcome{Fate: Refused, Code: "bad_keys", Suppress: "invalid"}},
		{"a key off the curve", func(n *Note) { n.P256dh = append([]byte{4}, make([]byte, 64)...) }, Outcome{Fate: Refused, Code: "bad_keys", Suppress: "invalid"}},
		{"no secret", func(n *Note) { n.Auth = nil }, Outcome{Fate: Refused, Code: "bad_keys", Suppress: "invalid"}},
		{"no address", func(n *Note) { n.Endpoint = "::" }, Outcome{Fate: Refused, Code: "bad_endpoint", Suppress: "invalid"}},
		{"a file", func(n *Note) { n.Endpoint = "file://x/etc/passwd" }, Outcome{Fate: Refused, Code: "bad_endpoint", Suppress: "invalid"}},
		{"the cloud's metadata", func(n *Note) { n.Endpoint = "http://169.254.169.254/latest" }, Outcome{Fate: Refused, Code: "private", Suppress: "invalid"}},
	}
	for _, tt := range tests {
		n := d.note(s.URL)
		tt.change(&n)
		got := p.Send(t.Context(), n)
		if got.Words == "" {
			t.Errorf("%s: no words", tt.what)
		}
		if got.Words = ""; got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.what, got, tt.want)
		}
	}
	guarded := newWebPush(t, false)
	for _, endpoint := range []string{s.URL, "https://127.0.0.1/x", "https://localhost/x", "https://[::1]/x"} {
		if got := guarded.Send(t.Context(), d.note(endpoint)); got.Fate != Refused || got.Suppress != "invalid" {
			t.Errorf("%s: %+v", endpoint, got)
		}
	}
	if heard, _ := s.taken(); len(heard) != 0 {
		t.Errorf("%d were sent", len(heard))
	}
}

// What never left may be tried again; what did may not.
func TestWhatIsCertainlyNotTaken(t *testing.T) {
	t.Parallel()
	d, p := newDevice(t), newWebPush(t, true)
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	if got := p.Send(t.Context(), d.note("http://"+nobody.Addr().String())); got.Fate != Later || got.Err != nil {
		t.Errorf("nobody listens: %+v", got)
	}
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(untrusted.Close)
	if got := p.Send(t.Context(), d.note(untrusted.URL)); got.Fate != Later || got.Err != nil {
		t.Errorf("a false certificate: %+v", got)
	}

	s := newService(t)
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	s.answer = func(http.ResponseWriter) { cancel(); <-release }
	got := p.Send(ctx, d.note(s.URL))
	close(release)
	if got.Fate != Ambiguous || got.Err == nil {
		t.Errorf("cut short by us: %+v", got)
	}
}

func TestTheBreakerIsAPushServicesOwn(t *testing.T) {
	t.Parallel()
	s, d, p := newService(t), newDevice(t), newWebPush(t, true)
	s.answer = status(503)
	var got Outcome
	for range 20 {
		if got = p.Send(t.Context(), d.note(s.URL)); got.Fate == Closed {
			break
		}
	}
	if got.Fate != Closed || !got.Until.After(time.Now()) {
		t.Fatalf("%+v", got)
	}
	all, err := p.Door.Breakers(t.Context(), queries.House)
	if err != nil || len(all) != 1 || all[0].Peer != "push:127.0.0.1" || !all[0].Open() {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestHeadersTakeNothingElse(t *testing.T) {
	t.Parallel()
	d, p := newDevice(t), WebPush{Key: newKey(t), Subject: "mailto:post@wedsync.test"}
	tests := []struct {
		urgency, topic, wantTopic string
		ttl                       time.Duration
		want                      map[string]string
	}{
		{"", "", "", 0, map[string]string{"Urgency": "normal", "TTL": "0"}},
		{"high\r\nX: y", "booking-42", "", -time.Hour, map[string]string{"Urgency": "normal", "TTL": "0", "X": ""}},
		{"very-low", strings.Repeat("a", 33), "", 365 * 24 * time.Hour, map[string]string{"Urgency": "very-low", "TTL": "2505600"}},
		{"low", strings.Repeat("a", 32), strings.Repeat("a", 32), time.Minute, map[string]string{"Urgency": "low", "TTL": "60"}},
	}
	for _, tt := range tests {
		n := d.note("https://push.example:443/x")
		n.Urgency, n.Topic, n.TTL = tt.urgency, tt.topic, tt.ttl
		req, refused := p.request(t.Context(), n, noon)
		if req == nil {
			t.Fatalf("%+v", refused)
		}
		for name, want := range tt.want {
			if req.Header.Get(name) != want {
				t.Errorf("%s: %q, want %q", name, req.Header.Get(name), want)
			}
		}
		topic := req.Header.Get("Topic")
		if tt.wantTopic != "" && topic != tt.wantTopic || tt.topic != "" && len(topic) != 32 || strings.Trim(topic, "0123456789abcdef") != "" {
			t.Errorf("topic %q of %q", topic, tt.topic)
		}
		if c, _ := verified(t, req.Header.Get("Authorization")); c.Aud != "https://push.example:443" {
			t.Errorf("%+v", c)
		}
	}
	if Topic("booking-1") == Topic("booking-2") {
		t.Error("topics are mixed up")
	}
}
