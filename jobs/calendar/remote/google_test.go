package remote_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/oauth2"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

var (
	_ remote.Account = remote.Google{}
	_ remote.Watcher = remote.Google{}
)

const (
	person   = "ada.lindqvist@gmail.example"
	patience = 10 * time.Second
)

// account is somebody at the made-up Google, and our client of them.
type account struct {
	remote.Google
	*sandbox.World
	t     *testing.T
	at    string
	door  *outside.Door
	oauth remote.OAuth
	heard chan http.Header
	asked []string // the stale tokens that Grant was shown
}

func newAccount(t *testing.T) *account {
	t.Helper()
	a := &account{World: sandbox.NewWorld(time.Now()), t: t, heard: make(chan http.Header, 100)}
	mux := http.NewServeMux()
	mux.Handle("/sandbox/google/", a.World.Google)
	mux.HandleFunc("POST /webhooks/google", func(_ http.ResponseWriter, r *http.Request) { a.heard <- r.Header })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	a.at = server.URL + "/sandbox/google"
	a.World.Google.Base, _ = url.Parse(server.URL)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { a.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	pool := testdb.New(t)
	org := testdb.Org(t, pool).ID
	a.door = outside.New(outside.Config{Pool: pool, Log: slog.New(slog.DiscardHandler)})
	a.oauth = remote.OAuth{Kind: queries.CalendarKindGoogle, ClientID: a.World.Google.ClientID, ClientSecret: a.World.Google.ClientSecret,
		AuthURL: a.at + "/o/oauth2/auth", TokenURL: a.at + "/token", Redirect: server.URL + "/oauth/google/callback"}
	token, refresh := a.World.Google.Grant(person)
	a.Google = remote.Google{Door: a.door, OrgID: org, URL: a.at + "/calendar/v3/", Box: "b1", Grant: func(ctx context.Context, stale string) (string, error) {
		if stale == "" {
			return token, nil
		}
		a.asked = append(a.asked, stale)
		got, err := a.oauth.Refresh(ctx, a.door, org, refresh)
		token = got.Access
		return token, err
	}}
	return a
}

// changes reads everything since a token.
func (a *account) changes(token string) (all []remote.Object, next string) {
	a.t.Helper()
	pull, err := a.Changes(a.t.Context(), person, token, remote.Window{}, func(page []remote.Object) error {
		all = append(all, page...)
		return nil
	})
	if err != nil || pull.Token == "" || pull.Whole != (token == "") {
		a.t.Fatalf("%+v, %v", pull, err)
	}
	return all, pull.Token
}

func (a *account) fails(token string) error {
	_, err := a.Changes(a.t.Context(), person, token, remote.Window{}, func([]remote.Object) error { return nil })
	return err
}

func wedding(title string) ical.Event {
	at := func(hour int) ical.Moment {
		return ical.Moment{Wall: time.Date(2027, 6, 12, hour, 0, 0, 0, time.UTC), Zone: "Europe/London"}
	}
	return ical.Event{Title: title, Venue: "Holm House", Starts: at(12), Ends: at(23), Busy: ical.Blocks, Ours: "b-1", OursRev: "r-" + title}
}

func draft(title string) remote.Draft {
	return remote.Draft{Key: strings.ReplaceAll(uuid.NewString(), "-", ""), Event: wedding(title)}
}

func (a *account) put(d remote.Draft) remote.Written {
	a.t.Helper()
	w, err := a.Put(a.t.Context(), person, d)
	if err != nil || w.ID == "" || w.ETag == "" {
		a.t.Fatalf("%+v, %v", w, err)
	}
	return w
}

func TestCalendarsOfGoogle(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	all, err := a.Google.Calendars(t.Context())
	if err != nil || len(all) != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	if c := all[0]; c.ID != person || !c.Primary || !c.Writable || c.Zone != "Europe/London" || c.Name != "Ada Lindqvist" {
		t.Errorf("%+v", c)
	}
	if all[1].Primary || !all[1].Writable || all[2].Writable {
		t.Errorf("%+v", all)
	}
}

func TestGoogleThereAndBack(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	_, token := a.changes("")
	w := a.put(draft("Kay & Fry"))
	all, next := a.changes(token)
	if len(all) != 1 || all[0].ID != w.ID || all[0].ETag != w.ETag || all[0].Gone || len(all[0].Events) != 1 {
		t.Fatalf("%+v", all)
	}
	got, want := all[0].Events[0], wedding("Kay & Fry")
	if got.Title != want.Title || got.Venue != want.Venue || got.Starts != want.Starts || got.Ends != want.Ends || got.Busy != want.Busy || got.Ours != "b-1" || got.OursRev != want.OursRev {
		t.Errorf("%+v", got)
	}
	if again, _ := a.changes(next); len(again) != 0 {
		t.Errorf("nothing changed, and %+v came", again)
	}
	// Theirs stays: a guest and a colour.
	if err := a.World.Google.Patch(person, w.ID, map[string]any{"colorId": "7", "attendees": []any{map[string]any{"email": "tom@example.com"}}}); err != nil {
		t.Fatal(err)
	}
	d := remote.Draft{ID: w.ID, ETag: w.ETag, Event: wedding("Kay & Fry, moved")}
	if _, err := a.Put(t.Context(), person, d); !errors.Is(err, remote.ErrChanged) {
		t.Errorf("over somebody else's change: %v", err)
	}
	there, err := a.Get(t.Context(), person, w.ID)
	if err != nil {
		t.Fatal(err)
	}
	d.ETag, d.Event.Starts, d.Event.Ends = there.ETag, ical.Moment{Wall: day(2027, 6, 12), Day: true}, ical.Moment{Wall: day(2027, 6, 14), Day: true}
	d.ETag = a.put(d).ETag
	kept, _ := a.World.Google.Event(person, w.ID)
	if kept["colorId"] != "7" || kept["attendees"] == nil || kept["summary"] != "Kay & Fry, moved" || fmt.Sprint(kept["end"]) != "map[date:2027-06-14]" {
		t.Errorf("%+v", kept)
	}
	d.Event = wedding("Kay & Fry, by the hour again")
	d.ETag = a.put(d).ETag
	if err := a.Delete(t.Context(), person, w.ID, `"1"`); !errors.Is(err, remote.ErrChanged) {
		t.Errorf("deleted over somebody else's change: %v", err)
	}
	for range 2 {
		if err := a.Delete(t.Context(), person, w.ID, d.ETag); err != nil {
			t.Error(err)
		}
	}
	if err := a.Delete(t.Context(), person, "neverwas", ""); err != nil {
		t.Error(err)
	}
	if _, err := a.Get(t.Context(), person, w.ID); !errors.Is(err, remote.ErrGone) {
		t.Error(err)
	}
	all, _ = a.changes(next)
	if len(all) != 1 || !all[0].Gone || all[0].ID != w.ID || len(all[0].Events) != 0 {
		t.Errorf("%+v", all)
	}
}

func day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func TestGoogleWritesOnce(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	d := draft("Once")
	first := a.put(d)
	if again := a.put(d); again != first {
		t.Errorf("%+v, then %+v", first, again)
	}
	other := d
	other.Event = wedding("Once, but other")
	if w, err := a.Put(t.Context(), person, other); err != nil || w.ID != first.ID || w.ETag != "" {
		t.Errorf("%+v, %v", w, err)
	}
	// An answer that was lost: the patch was done, its etag is not known.
	patched := remote.Draft{ID: first.ID, ETag: first.ETag, Event: wedding("Twice")}
	second := a.put(patched)
	if again := a.put(patched); again != second {
		t.Errorf("%+v, then %+v", second, again)
	}
	// Deleted there, and wanted again under the same key.
	if err := a.World.Google.Delete(person, first.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Put(t.Context(), person, remote.Draft{ID: first.ID, ETag: second.ETag, Event: wedding("Third")}); !errors.Is(err, remote.ErrGone) {
		t.Errorf("changed what was deleted: %v", err)
	}
	revived := a.put(d)
	if there, err := a.Get(t.Context(), person, first.ID); err != nil || there.ETag != revived.ETag || there.Events[0].Title != "Once" {
		t.Errorf("%+v, %v", there, err)
	}
	if _, err := a.Put(t.Context(), person, remote.Draft{Key: "x", Event: wedding("No key")}); err == nil {
		t.Error("a key that is none was taken")
	}
	all, err := a.Google.Calendars(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Put(t.Context(), all[2].ID, draft("Holiday")); !errors.Is(err, remote.ErrReadOnly) {
		t.Errorf("written into what may only be read: %v", err)
	}
}

func TestGoogleTellsOfChanges(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	c, err := a.Watch(t.Context(), remote.Channel{ID: uuid.NewString(), Token: "a secret", Address: a.World.Google.Base.String() + "/webhooks/google", Until: time.Now().Add(99 * 24 * time.Hour), Calendar: person})
	if err != nil || c.Remote == "" || c.Until.After(time.Now().Add(8*24*time.Hour)) || c.Until.Before(time.Now()) {
		t.Fatalf("%+v, %v", c, err)
	}
	if h := a.hears(); h.Get("X-Goog-Resource-State") != "sync" || h.Get("X-Goog-Message-Number") != "1" || h.Get("X-Goog-Channel-Token") != "a secret" {
		t.Errorf("%+v", h)
	}
	a.put(draft("Told of"))
	if h := a.hears(); h.Get("X-Goog-Resource-State") != "exists" || h.Get("X-Goog-Channel-ID") != c.ID || h.Get("X-Goog-Resource-ID") != c.Remote {
		t.Errorf("%+v", h)
	}
	for range 2 {
		if err := a.Unwatch(t.Context(), c); err != nil {
			t.Error(err)
		}
	}
	if n := a.World.Google.Channels(); n != 0 {
		t.Errorf("%d channels are open", n)
	}
	if _, err := a.Watch(t.Context(), remote.Channel{ID: uuid.NewString(), Address: "http://wedsync.example/x", Calendar: person}); err == nil {
		t.Error("a channel without https")
	}
}

func (a *account) hears() http.Header {
	a.t.Helper()
	select {
	case h := <-a.heard:
		return h
	case <-time.After(patience):
		a.t.Fatal("no message came")
		return nil
	}
}

func TestConsentAtGoogle(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	verifier := oauth2.GenerateVerifier()
	consent := a.oauth.Consent("a-state", verifier)
	for _, part := range []string{"access_type=offline", "prompt=consent", "code_challenge_method=S256", "calendar.events", "calendarlist.readonly", "state=a-state"} {
		if !strings.Contains(consent, part) {
			t.Errorf("%s is not in %s", part, consent)
		}
	}
	if strings.Contains(consent, verifier) {
		t.Error("the verifier is told to everybody")
	}
	code := a.says(consent)
	if _, err := a.oauth.Exchange(t.Context(), a.door, a.OrgID, code, oauth2.GenerateVerifier()); !isReconnect(err) {
		t.Errorf("with another's verifier: %v", err)
	}
	if _, err := a.oauth.Exchange(t.Context(), a.door, a.OrgID, code, verifier); !isReconnect(err) {
		t.Errorf("a code that was shown already: %v", err)
	}
	code = a.says(consent)
	got, err := a.oauth.Exchange(t.Context(), a.door, a.OrgID, code, verifier)
	if err != nil || got.Access == "" || got.Refresh == "" || time.Until(got.Until) < 50*time.Minute {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := a.oauth.Exchange(t.Context(), a.door, a.OrgID, code, verifier); !isReconnect(err) {
		t.Errorf("the same code twice: %v", err)
	}
	a.keepsTheToken(got)
}

// keepsTheToken: case 9 on our side of the lock. An answer without a refresh token leaves the one we have.
func (a *account) keepsTheToken(got remote.Tokens) {
	a.t.Helper()
	ctx := a.t.Context()
	next, err := a.oauth.Refresh(ctx, a.door, a.OrgID, got.Refresh)
	if err != nil || next.Refresh != got.Refresh || next.Access == got.Access || next.Access == "" {
		a.t.Errorf("%+v, %v", next, err)
	}
	a.World.Google.Rotating = true
	rotated, err := a.oauth.Refresh(ctx, a.door, a.OrgID, got.Refresh)
	if err != nil || rotated.Refresh == got.Refresh {
		a.t.Errorf("%+v, %v", rotated, err)
	}
	if _, err := a.oauth.Refresh(ctx, a.door, a.OrgID, got.Refresh); !isReconnect(err) {
		a.t.Errorf("the one that was rotated away: %v", err)
	}
	a.World.Google.SetTrouble(sandbox.Down)
	var later *outside.Later
	if _, err := a.oauth.Refresh(ctx, a.door, a.OrgID, rotated.Refresh); !errors.As(err, &later) {
		a.t.Errorf("while they are down: %v", err)
	}
	a.World.Google.SetTrouble(sandbox.Fine)
	a.World.Google.Revoke(person)
	if _, err := a.oauth.Refresh(ctx, a.door, a.OrgID, rotated.Refresh); !isReconnect(err) || !strings.Contains(err.Error(), "Connect it again") {
		a.t.Errorf("after it was withdrawn: %v", err)
	}
	wrong := a.oauth
	wrong.ClientSecret = "another"
	var refused *outside.Refused
	if _, err := wrong.Refresh(ctx, a.door, a.OrgID, rotated.Refresh); !errors.As(err, &refused) {
		a.t.Errorf("with a wrong secret of ours: %v", err)
	}
}

func (a *account) says(consent string) string {
	a.t.Helper()
	back, err := a.World.Google.Allow(consent, person)
	at, _ := url.Parse(back)
	if err != nil || at.Query().Get("state") != "a-state" || at.Query().Get("code") == "" {
		a.t.Fatalf("%s, %v", back, err)
	}
	return at.Query().Get("code")
}

func isReconnect(err error) bool {
	var r *remote.Reconnect
	return errors.As(err, &r)
}
