package live

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// patience is for what must happen; how fast is asked separately.
const patience = 20 * time.Second

// house is a hub that runs on a database of its own, behind a real server.
type house struct {
	testing.TB
	pool  *pgxpool.Pool
	q     *queries.Queries
	hub   *Hub
	url   string
	draws atomic.Int64
	// drawn, if set, is called with each drawing after its snapshot, and may hold it up, change it or fail.
	drawn func(region string, d *Drawn) error
	// stood, if set, is called before each question about rights.
	stood   func() error
	viewers sync.Map // session → Viewer and org: what the door knows of who comes
}

type guest struct {
	Viewer
	org uuid.UUID
}

func setup(t testing.TB, change ...func(*house)) *house {
	t.Helper()
	pool := testdb.New(t)
	h := &house{TB: t, pool: pool, q: queries.New(pool)}
	h.hub = New(Config{Pool: pool, Log: slog.New(slog.DiscardHandler), Draw: h.draw, Stand: h.stand})
	for _, c := range change {
		c(h)
	}
	ctx, stop := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { h.hub.Run(ctx) })
	server := httptest.NewUnstartedServer(http.HandlerFunc(h.serve))
	server.Listener = smallBuffers{server.Listener}
	server.Start()
	h.url = server.URL
	t.Cleanup(func() {
		stop()
		server.CloseClientConnections()
		server.Close()
		run.Wait()
	})
	return h
}

// smallBuffers is main's listener.
type smallBuffers struct{ net.Listener }

func (l smallBuffers) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(64 << 10)
	}
	return conn, err
}

func (h *house) draw(ctx context.Context, audience uuid.UUID, region string) (d Drawn, err error) {
	h.draws.Add(1)
	rows, err := h.q.RegionVersionsOf(ctx, queries.RegionVersionsOfParams{Audience: audience, Regions: []string{region}})
	if err != nil {
		return d, err
	}
	for _, row := range rows {
		d.Version = row.Version
	}
	d.Event, d.HTML = region+"_event", []byte(strconv.FormatInt(d.Version, 10))
	if h.drawn != nil {
		err = h.drawn(region, &d)
	}
	return d, err
}

func (h *house) stand(ctx context.Context, org uuid.UUID, sessions []uuid.UUID) (map[uuid.UUID]string, error) {
	if h.stood != nil {
		if err := h.stood(); err != nil {
			return nil, err
		}
	}
	rows, err := h.q.SessionStands(ctx, queries.SessionStandsParams{SessionIds: sessions, OrgID: org})
	roles := map[uuid.UUID]string{}
	for _, row := range rows {
		roles[row.ID] = string(row.Role)
	}
	return roles, err
}

func (h *house) serve(w http.ResponseWriter, r *http.Request) {
	params := r.URL.Query()
	found, _ := h.viewers.Load(uuid.MustParse(params.Get("session")))
	params.Del("session")
	shown := map[string]int64{}
	for name := range params {
		shown[name], _ = strconv.ParseInt(params.Get(name), 10, 64)
	}
	g := found.(guest)
	if err := h.hub.Serve(w, r, g.org, g.Viewer, shown); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// org makes an organisation with an owner who has signed in. It is never the first row.
func (h *house) org() guest {
	h.Helper()
	made, err := h.q.CreateSupplier(h.Context(), queries.CreateSupplierParams{OrgName: "Kay", Category: "venue", Timezone: "Europe/London",
		Currency: "GBP", Tier: queries.TierFree, Email: uuid.NewString() + "@example.com", PersonName: "Kay", PasswordHash: "-"})
	h.must(err)
	return h.signIn(made.OrgID, made.UserID, queries.RoleOwner)
}

// member adds somebody to the guest's organisation.
func (h *house) member(of guest, role queries.Role) guest {
	h.Helper()
	user, err := h.q.AddMember(h.Context(), queries.AddMemberParams{OrgID: of.org, Email: uuid.NewString() + "@example.com", Name: "Lee", PasswordHash: "-", Role: role})
	h.must(err)
	return h.signIn(of.org, user, role)
}

func (h *house) signIn(org, user uuid.UUID, role queries.Role) guest {
	h.Helper()
	session, err := h.q.CreateSession(h.Context(), queries.CreateSessionParams{TokenSha256: []byte(uuid.NewString()), UserID: user, OrgID: &org, ExpiresAt: time.Now().Add(time.Hour)})
	h.must(err)
	g := guest{Viewer{Person: user, Session: session, Role: string(role)}, org}
	h.viewers.Store(session, g)
	return g
}

func (h *house) bump(audience uuid.UUID, regions ...string) {
	h.Helper()
	h.must(h.q.TouchRegions(h.Context(), queries.TouchRegionsParams{Audiences: []uuid.UUID{audience}, Regions: regions}))
}

// tell bumps and sends the hint.
func (h *house) tell(audience uuid.UUID, regions ...string) {
	h.Helper()
	h.bump(audience, regions...)
	h.must(h.q.Wake(h.Context(), audience.String()))
}

func (h *house) exec(sql string, args ...any) {
	h.Helper()
	_, err := h.pool.Exec(h.Context(), sql, args...)
	h.must(err)
}

func (h *house) in(f func(tx pgx.Tx) error) {
	h.Helper()
	h.must(pgx.BeginFunc(h.Context(), h.pool, f))
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// listening is the backend that listens for this house; 0 while there is none.
func (h *house) listening() (pid int) {
	h.Helper()
	const sql = "SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN live' AND pid <> pg_backend_pid()"
	h.must(h.pool.QueryRow(h.Context(), sql).Scan(&pid))
	return pid
}

func (h *house) eventually(what string, holds func() bool) {
	h.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); !holds(); {
		select {
		case <-tick.C:
		case <-deadline:
			h.Fatalf("never: %s", what)
		}
	}
}

// message is one event as a browser reads it; a comment has the name ":".
type message struct {
	name, data string
	at         time.Time
}

// page is an open page: a browser's EventSource without the reconnecting.
type page struct {
	*house
	messages chan message // closed when the stream ends
	close    context.CancelFunc
}

// open opens a page that shows regions in a version: "kpis=3".
func (h *house) open(g guest, shown ...string) *page {
	h.Helper()
	p, status := h.try(g, http.Header{}, shown...)
	if status != http.StatusOK {
		h.Fatalf("status %d", status)
	}
	return p
}

func (h *house) try(g guest, header http.Header, shown ...string) (*page, int) {
	h.Helper()
	params := url.Values{"session": {g.Session.String()}}
	for _, s := range shown {
		name, version, _ := strings.Cut(s, "=")
		params.Set(name, version)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+"/?"+params.Encode(), nil)
	h.must(err)
	r.Header = header
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(r)
	h.must(err)
	p := &page{house: h, messages: make(chan message, 4096), close: cancel}
	go func() {
		defer close(p.messages)
		defer response.Body.Close()
		read(response.Body, p.messages)
	}()
	h.Cleanup(cancel)
	return p, response.StatusCode
}

// read parses as the standard says: a line ends at CR, LF or CRLF.
func read(body io.Reader, to chan<- message) {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 8<<20)
	lines.Split(splitLine)
	var m message
	var data []string
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case lines.Text() == "":
			if data != nil {
				m.data, m.at = strings.Join(data, "\n"), time.Now()
				to <- m
			}
			m, data = message{}, nil
		case field == "":
			to <- message{name: ":", data: value, at: time.Now()}
		case field == "event":
			m.name = value
		case field == "data":
			data = append(data, value)
		}
	}
}

func splitLine(data []byte, atEOF bool) (int, []byte, error) {
	for i, b := range data {
		switch {
		case b == '\n':
			return i + 1, data[:i], nil
		case b == '\r' && i+1 < len(data) && data[i+1] == '\n':
			return i + 2, data[:i], nil
		case b == '\r' && i+1 < len(data):
			return i + 1, data[:i], nil
		}
	}
	return 0, nil, nil
}

// next is the next event that is no heartbeat; "" when the stream has ended.
func (p *page) next() message {
	p.Helper()
	deadline := time.After(patience)
	for {
		select {
		case m := <-p.messages:
			if m.name != ":" && m.name != "beat" {
				return m
			}
		case <-deadline:
			p.Fatal("nothing came")
		}
	}
}

// wants is the next event, which must be this.
func (p *page) wants(name string, version int64) message {
	p.Helper()
	m := p.next()
	if m.name != name || m.data != fmt.Sprint(version) {
		p.Fatalf("got %q %q, want %q %d", m.name, m.data, name, version)
	}
	return m
}

// rest is everything until the stream ends, and when that was.
func (p *page) rest() (all []message, ended time.Time) {
	p.Helper()
	for m := p.next(); m.name != ""; m = p.next() {
		all = append(all, m)
	}
	return all, time.Now()
}
