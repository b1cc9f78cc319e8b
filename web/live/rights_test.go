package live

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/queries"
)

// Each is done by plain SQL, as somebody at a psql prompt would, and no hint is sent.
func TestRevokedStreamsEndWithinASecond(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, sql string
		bye       bool
	}{
		{"sign-out", "DELETE FROM sessions WHERE id = $2 AND user_id = $1", true},
		{"expiry", "WITH x AS (SELECT $1::uuid) DELETE FROM sessions WHERE id = $2", true},
		{"removal", "DELETE FROM memberships WHERE user_id = $1 AND $2::uuid IS NOT NULL", true},
		{"the person is deleted", "DELETE FROM users WHERE id = $1 AND $2::uuid IS NOT NULL", true},
		{"the organisation is deleted", "DELETE FROM orgs USING sessions s WHERE orgs.id = s.org_id AND s.user_id = $1 AND s.id = $2", true},
		{"a lower role", "UPDATE memberships SET role = 'staff' WHERE user_id = $1 AND $2::uuid IS NOT NULL", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			us := h.org()
			out, stays := h.member(us, queries.RoleManager), h.open(h.signIn(us.org, us.Person, queries.RoleOwner), "kpis=-1")
			p := h.open(out, "kpis=-1")
			p.wants("kpis_event", 0)
			stays.wants("kpis_event", 0)

			began := time.Now()
			h.exec(c.sql, out.Person, out.Session)
			last, ended := p.rest()
			if took := ended.Sub(began); took > time.Second {
				t.Errorf("cut after %v", took)
			}
			if bye := len(last) == 1 && last[0].name == "bye"; bye != c.bye || len(last) > 1 {
				t.Errorf("the last words were %v, want bye: %v", last, c.bye)
			}
			if c.name == "the organisation is deleted" {
				return
			}
			h.bump(us.org, "kpis")
			stays.wants("kpis_event", 1)
		})
	}
}

// The tidy job deletes what has expired; until then the door refuses the session, and so does every redraw.
func TestAnExpiredSessionIsShownNothingNew(t *testing.T) {
	t.Parallel()
	h := setup(t)
	us := h.org()
	p := h.open(us, "kpis=-1")
	p.wants("kpis_event", 0)
	h.exec("ALTER TABLE sessions DISABLE TRIGGER sessions_touch_access") // time passes, and nothing is written
	h.exec("UPDATE sessions SET expires_at = now() WHERE id = $1", us.Session)
	h.tell(us.org, "kpis")
	if last, _ := p.rest(); len(last) != 1 || last[0].name != "bye" {
		t.Errorf("got %v", last)
	}
}

// The region changes all the time, and the revocation commits together with one of the changes: of that one and all
// later ones the revoked page must see nothing, at whatever moment of a drawing it falls.
func TestNothingDrawnAfterARevocationReachesTheRevoked(t *testing.T) {
	t.Parallel()
	h := setup(t)
	us := h.org()
	h.bump(us.org, "kpis")
	busy, done := make(chan struct{}), sync.WaitGroup{}
	done.Go(func() {
		for {
			select {
			case <-busy:
				return
			default:
				h.tell(us.org, "kpis")
			}
		}
	})
	defer done.Wait()
	defer close(busy)
	var guests []guest
	var pages []*page
	for range 30 {
		guests = append(guests, h.member(us, queries.RoleStaff))
		pages = append(pages, h.open(guests[len(guests)-1], "kpis=-1"))
		pages[len(pages)-1].next()
	}
	revoked := make([]int64, len(pages))
	for i, out := range guests {
		h.in(func(tx pgx.Tx) error {
			if err := queries.New(tx).EndSession(t.Context(), out.Session); err != nil {
				return err
			}
			const touch = "UPDATE live_regions SET version = version + 1 WHERE audience = $1 AND region = 'kpis' RETURNING version"
			return tx.QueryRow(t.Context(), touch, us.org).Scan(&revoked[i])
		})
	}
	for i, p := range pages {
		last, _ := p.rest()
		for _, m := range last {
			if version, _ := strconv.ParseInt(m.data, 10, 64); version >= revoked[i] {
				t.Fatalf("the session ended at %d, and was shown %d", revoked[i], version)
			}
		}
		if len(last) == 0 || last[len(last)-1].name != "bye" {
			t.Errorf("no goodbye: %v", last)
		}
	}
}

// The session ended after the door let it in and before the stream joined.
func TestACachedDrawingIsNotForWhoeverIsNoLongerAllowed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	us := h.org()
	out, changed := h.member(us, queries.RoleStaff), h.member(us, queries.RoleOwner)
	h.open(us, "kpis=-1").wants("kpis_event", 0)
	h.must(h.q.EndSession(t.Context(), out.Session))
	h.exec("UPDATE memberships SET role = 'staff' WHERE user_id = $1", changed.Person)
	if last, _ := h.open(out, "kpis=-1").rest(); len(last) != 1 || last[0].name != "bye" {
		t.Errorf("signed out: got %v", last)
	}
	if last, _ := h.open(changed, "kpis=-1").rest(); len(last) != 0 {
		t.Errorf("a lower role: got %v", last)
	}
}

// An answer about rights that was on its way when they changed is worth nothing.
func TestAnAnswerOvertakenByARevocationIsNotTrusted(t *testing.T) {
	t.Parallel()
	p := &person{access: 7}
	s := &stream{person: p, judged: unknown, viewer: Viewer{Session: uuid.New(), Role: "staff"}}
	asked := question{s: p.access}
	p.access = 8
	asked.judge(standing{s.viewer.Session: "staff"})
	if s.trusted() {
		t.Error("it is")
	}
	question{s: 8}.judge(standing{s.viewer.Session: "staff"})
	asked.judge(standing{s.viewer.Session: "staff"}) // comes last, and was asked first
	if !s.trusted() {
		t.Error("it undid the answer that counts, and nobody would ask again")
	}
}

func TestUncertainRightsShowNothingAndCutNobody(t *testing.T) {
	t.Parallel()
	var away atomic.Bool
	asked := make(chan struct{}, 1000)
	h := setup(t, func(h *house) {
		h.stood = func() error {
			if !away.Load() {
				return nil
			}
			asked <- struct{}{}
			return errors.New("the database is away")
		}
	})
	us := h.org()
	h.open(us, "kpis=-1").wants("kpis_event", 0)
	away.Store(true)
	p := h.open(us, "kpis=-1")
	for range 3 {
		<-asked
	}
	select {
	case m := <-p.messages:
		if m.name != "beat" && m.name != ":" {
			t.Errorf("shown %v to somebody whose rights are not known", m)
		}
	default:
	}
	away.Store(false)
	p.wants("kpis_event", 0)
}

func TestRightsAreAskedForOnceForAllWhoCome(t *testing.T) {
	t.Parallel()
	var questions atomic.Int64
	h := setup(t, func(h *house) { h.stood = func() error { questions.Add(1); return nil } })
	us := h.org()
	for range cap(h.hub.drawing) { // nobody is asked about while all come
		h.hub.drawing <- struct{}{}
	}
	var pages []*page
	for range 100 {
		pages = append(pages, h.open(us, "kpis=-1"))
	}
	for range cap(h.hub.drawing) {
		<-h.hub.drawing
	}
	for _, p := range pages {
		p.wants("kpis_event", 0)
	}
	if n := questions.Load(); n > 10 {
		t.Errorf("%d questions for 100 pages", n)
	}
}
