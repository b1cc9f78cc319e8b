package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
	"github.com/wedsync/wedsync/views/mail"
)

// told is a notice that somebody has in their inbox.
type told struct {
	to     uuid.UUID
	title  string
	path   string
	urgent bool
	at     time.Time // zero: now
}

// tell writes it as notify does, with the regions that show it.
func (s *site) tell(t *testing.T, org uuid.UUID, n told) uuid.UUID {
	t.Helper()
	if n.at.IsZero() {
		n.at = time.Now()
	}
	facts, err := json.Marshal(mail.News{Kind: mail.Emergency, Title: n.title, Detail: "More of " + n.title, Path: n.path})
	if err != nil {
		t.Fatal(err)
	}
	notice, id := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	if _, err := s.pool.Exec(t.Context(), "INSERT INTO notices (org_id, id, at, kind, urgent, facts) VALUES ($1, $2, $3, 'emergency', $4, $5)", org, notice, n.at, n.urgent, facts); err != nil {
		t.Fatal(err)
	}
	if _, err := s.pool.Exec(t.Context(), `INSERT INTO notification_logs (org_id, id, notice_id, kind, audience, recipient_id, recipient, channel, urgent, status, created_at, delivered_at)
		VALUES ($1, $2, $3, 'emergency', 'team', $4, 'A person', 'in_app', $5, 'delivered', $6, $6)`, org, id, notice, n.to, n.urgent, n.at); err != nil {
		t.Fatal(err)
	}
	s.touch(t, org, notify.InboxRegions(n.to, n.urgent)...)
	return id
}

// stands is how a notification stands, and its steps.
func (s *site) stands(t *testing.T, id uuid.UUID) string {
	t.Helper()
	var words string
	err := s.pool.QueryRow(t.Context(), `SELECT l.status || coalesce((SELECT string_agg(' ' || step, '' ORDER BY s.id) FROM notification_steps s WHERE s.notification_id = l.id), '')
		|| CASE WHEN seen_at IS NOT NULL THEN ' +seen' ELSE '' END || CASE WHEN acknowledged_at IS NOT NULL THEN ' +acknowledged' ELSE '' END
		FROM notification_logs l WHERE l.id = $1`, id).Scan(&words)
	if err != nil {
		t.Fatal(err)
	}
	return words
}

// aNotice is the owner's, and nobody else's of the same organisation.
func aNotice(t *testing.T, w *town, org testdb.Supplier) uuid.UUID {
	return w.tell(t, org.ID, told{to: org.Owner.ID, title: "Help", path: "/app/weddings", urgent: true})
}

var othersNotice = map[string]int{"staff": 404, "manager": 404, "operator": 404}

func TestTheInboxShowsWhatIsMineNewestFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	org := testdb.Org(t, s.pool)
	colleague := testdb.Member(t, s.pool, org.ID, queries.RoleStaff)
	owner := s.session(t, org.Owner)
	if page := s.get(t, "/app/inbox", owner).Body.String(); !strings.Contains(page, "Nothing for you yet") || !strings.Contains(page, `href="/app/preferences"`) {
		t.Error("the empty inbox does not say what belongs there")
	}
	if _, err := s.pool.Exec(t.Context(), "UPDATE users SET timezone = 'Asia/Tokyo' WHERE id = $1", org.Owner.ID); err != nil {
		t.Fatal(err)
	}
	s.tell(t, org.ID, told{to: org.Owner.ID, title: "The first <thing>", path: "/app/payments", at: time.Date(2026, 3, 1, 15, 30, 0, 0, time.UTC)})
	s.tell(t, org.ID, told{to: org.Owner.ID, title: "The second thing"})
	s.tell(t, org.ID, told{to: colleague.ID, title: "Somebody else's"})
	page := s.get(t, "/app/inbox", owner).Body.String()
	first, second := strings.Index(page, "The first &lt;thing&gt;"), strings.Index(page, "The second thing")
	if first < 0 || second < 0 || second > first || strings.Contains(page, "Somebody else") {
		t.Errorf("first at %d, second at %d\n%s", first, second, page)
	}
	for _, want := range []string{"Mon 2 March 2026", ">00:30<", ">2 new<", "The second thing</strong>", "More of The second thing"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestTheInboxHasPages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	org := testdb.Org(t, s.pool)
	owner, at := s.session(t, org.Owner), time.Now().Add(-time.Hour)
	for i := range inboxPage + 2 {
		s.tell(t, org.ID, told{to: org.Owner.ID, title: fmt.Sprintf("Thing %02d.", i), at: at}) // all at once: the id decides
	}
	page := s.get(t, "/app/inbox", owner).Body.String()
	_, older, found := strings.Cut(page, `href="?before=`)
	if !found || strings.Contains(page, "Thing 01.") || !strings.Contains(page, "Thing 02.") || !strings.Contains(page, "letters%3A") {
		t.Fatalf("the first page is not the first %d", inboxPage)
	}
	older, _, _ = strings.Cut(older, `"`)
	rest := s.get(t, "/app/inbox?before="+older, owner).Body.String()
	if !strings.Contains(rest, "Thing 01.") || !strings.Contains(rest, "Thing 00.") || strings.Contains(rest, "Thing 02.") || strings.Contains(rest, "letters%3A") {
		t.Error("the second page is not the rest, standing still")
	}
	neighbour := testdb.Org(t, s.pool)
	theirs := s.tell(t, neighbour.ID, told{to: neighbour.Owner.ID, title: "Theirs"})
	for _, before := range []string{theirs.String(), uuid.NewString(), "x", "%00%ff"} {
		if got := s.get(t, "/app/inbox?before="+before, owner); got.Code != http.StatusOK || strings.Contains(got.Body.String(), "Theirs") || strings.Contains(got.Body.String(), "Thing 00.") {
			t.Errorf("before %s: %d", before, got.Code)
		}
	}
}

func TestSeeingMovesOnlyForwardAndLeadsOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	org := testdb.Org(t, s.pool)
	owner := s.session(t, org.Owner)
	press := func(id uuid.UUID, what, leads string, status int) {
		t.Helper()
		got := s.post(t, "/app/inbox/"+id.String()+"/"+what, nil, owner)
		if got.Code != status || got.Header().Get("Location") != leads {
			t.Errorf("%s: %d to %q", what, got.Code, got.Header().Get("Location"))
		}
	}
	id := s.tell(t, org.ID, told{to: org.Owner.ID, title: "Help", path: "/app/weddings?when=past", urgent: true})
	for _, step := range []struct{ what, want string }{
		{"seen", "seen seen +seen"}, {"seen", "seen seen +seen"},
		{"acknowledgement", "acknowledged seen acknowledged +seen +acknowledged"},
		{"seen", "acknowledged seen acknowledged +seen +acknowledged"}, {"acknowledgement", "acknowledged seen acknowledged +seen +acknowledged"},
	} {
		press(id, step.what, "/app/weddings?when=past", 303)
		if got := s.stands(t, id); got != step.want {
			t.Errorf("after %s: %q, want %q", step.what, got, step.want)
		}
	}
	calm := s.tell(t, org.ID, told{to: org.Owner.ID, title: "Calm"})
	press(calm, "acknowledgement", "", 404)
	if got := s.stands(t, calm); got != "delivered" {
		t.Errorf("what is not urgent was acknowledged: %s", got)
	}
	for _, path := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "javascript:alert(1)", ""} {
		press(s.tell(t, org.ID, told{to: org.Owner.ID, title: "A trap", path: path}), "seen", "/app/inbox", 303)
	}
	broken := s.tell(t, org.ID, told{to: org.Owner.ID, title: "Broken"})
	if _, err := s.pool.Exec(t.Context(), `UPDATE notices SET facts = '{"title": 7}' WHERE id = (SELECT notice_id FROM notification_logs WHERE id = $1)`, broken); err != nil {
		t.Fatal(err)
	}
	if got := s.get(t, "/app/inbox", owner); got.Code != 200 || !strings.Contains(got.Body.String(), "Calm") {
		t.Errorf("one that cannot be read hides the others: %d", got.Code)
	}
	press(broken, "seen", "/app/inbox", 303)
}

func TestOpeningAPushSeesTheNoticeInTheInboxToo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	org := testdb.Org(t, s.pool)
	id, push, mailed := s.tell(t, org.ID, told{to: org.Owner.ID, title: "Booked", path: "/app/weddings"}), uuid.New(), uuid.New()
	for leg, as := range map[uuid.UUID][2]string{push: {"push", "accepted"}, mailed: {"email", "queued"}} {
		if _, err := s.pool.Exec(t.Context(), `INSERT INTO notification_logs (org_id, id, notice_id, kind, audience, recipient_id, recipient, channel, status)
			SELECT org_id, $2, notice_id, kind, audience, recipient_id, recipient, $3::channel, $4::notification_status FROM notification_logs WHERE id = $1`, id, leg, as[0], as[1]); err != nil {
			t.Fatal(err)
		}
	}
	owner := s.session(t, org.Owner)
	if got := s.post(t, "/app/inbox/"+mailed.String()+"/seen", nil, owner); got.Code != 404 {
		t.Errorf("an e-mail is opened elsewhere: %d", got.Code)
	}
	if got := s.post(t, "/app/inbox/"+push.String()+"/seen", nil, owner); got.Code != 303 || got.Header().Get("Location") != "/app/weddings" {
		t.Errorf("%d to %q", got.Code, got.Header().Get("Location"))
	}
	if s.stands(t, push) != "seen seen +seen" || s.stands(t, id) != "seen seen +seen" || s.stands(t, mailed) != "queued" {
		t.Errorf("push %q, inbox %q, e-mail %q", s.stands(t, push), s.stands(t, id), s.stands(t, mailed))
	}
}

func TestMarkingAllLeavesWhatCameSince(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	org := testdb.Org(t, s.pool)
	colleague := testdb.Member(t, s.pool, org.ID, queries.RoleStaff)
	owner, ago := s.session(t, org.Owner), time.Now().Add(-time.Hour)
	old := s.tell(t, org.ID, told{to: org.Owner.ID, title: "Old", at: ago.Add(-time.Hour)})
	theirs := s.tell(t, org.ID, told{to: colleague.ID, title: "Theirs", at: ago.Add(-time.Hour)})
	shown := s.tell(t, org.ID, told{to: org.Owner.ID, title: "Shown", at: ago})
	since := s.tell(t, org.ID, told{to: org.Owner.ID, title: "Since"})
	for _, newest := range []string{"", "x", uuid.NewString(), theirs.String()} {
		if got := s.post(t, "/app/inbox/seen", url.Values{"newest": {newest}}, owner); got.Code != 303 || s.stands(t, old) != "delivered" || s.stands(t, theirs) != "delivered" {
			t.Errorf("%q: %d, and it moved something", newest, got.Code)
		}
	}
	if got := s.post(t, "/app/inbox/seen", url.Values{"newest": {shown.String()}}, owner); got.Code != 303 || got.Header().Get("Location") != "/app/inbox" {
		t.Errorf("%d", got.Code)
	}
	for id, want := range map[uuid.UUID]string{old: "seen seen +seen", shown: "seen seen +seen", since: "delivered", theirs: "delivered"} {
		if got := s.stands(t, id); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestANoticeReachesTheOpenPageAndGoesWhenSeenInAnotherTab(t *testing.T) {
	t.Parallel()
	s, base := newLiveSite(t)
	org := testdb.Org(t, s.pool)
	owner := s.session(t, org.Owner)
	events, status := listen(t, base+streamOf(t, s.get(t, "/app/clients", owner).Body.String()), owner)
	if status != http.StatusOK {
		t.Fatal(status)
	}
	id := s.tell(t, org.ID, told{to: org.Owner.ID, title: "Booked"})
	if name, html := nextEvent(t, events); name != "client_notification" || !strings.Contains(html, `id="inbox"`) || !strings.Contains(html, ">1 new<") {
		t.Errorf("%s: %s", name, html)
	}
	inbox, _ := listen(t, base+"/live?"+notify.LettersRegion(org.Owner.ID)+"=-1", owner)
	if _, html := nextEvent(t, inbox); !strings.Contains(html, "Booked</strong>") {
		t.Error(html)
	}
	if got := s.post(t, "/app/inbox/"+id.String()+"/seen", nil, owner); got.Code != 303 {
		t.Fatal(got.Code)
	}
	if name, html := nextEvent(t, events); name != "client_notification" || strings.Contains(html, "new<") {
		t.Errorf("%s: %s", name, html)
	}
	if _, html := nextEvent(t, inbox); strings.Contains(html, "Booked</strong>") {
		t.Error(html)
	}
}

// streamOf is the address that a page gives its stream.
func streamOf(t *testing.T, page string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, `sse-connect="`)
	address, _, _ := strings.Cut(rest, `"`)
	if !found {
		t.Fatal("the page is not live")
	}
	return strings.ReplaceAll(address, "&amp;", "&")
}

func TestAnEmergencyTakesTheTopOfEveryPageUntilAcknowledged(t *testing.T) {
	t.Parallel()
	s, base := newLiveSite(t)
	org := testdb.Org(t, s.pool)
	owner, colleague := s.session(t, org.Owner), s.session(t, testdb.Member(t, s.pool, org.ID, queries.RoleStaff))
	quiet := s.get(t, "/app", owner).Body.String()
	events, _ := listen(t, base+streamOf(t, quiet), owner)
	id := s.tell(t, org.ID, told{to: org.Owner.ID, title: "No florist", path: "/app/weddings", urgent: true})
	until := func(want bool) {
		t.Helper()
		for {
			if name, html := nextEvent(t, events); name == "emergency_alert" && strings.Contains(html, `id="emergency"`) && strings.Contains(html, "No florist") == want {
				return
			}
		}
	}
	until(true)
	button := `action="/app/inbox/` + id.String() + `/acknowledgement"`
	for _, path := range []string{"/app", "/app/settings", "/app/clients"} {
		if page := s.get(t, path, owner).Body.String(); !strings.Contains(page, button) {
			t.Errorf("%s is without the emergency", path)
		}
		if page := s.get(t, path, colleague).Body.String(); strings.Contains(page, button) {
			t.Errorf("%s shows it to somebody else", path)
		}
	}
	s.post(t, "/app/inbox/"+id.String()+"/seen", nil, owner)
	if page := s.get(t, "/app", owner).Body.String(); !strings.Contains(page, button) {
		t.Error("looking at it is not acknowledging it")
	}
	s.post(t, "/app/inbox/"+id.String()+"/acknowledgement", nil, owner)
	until(false)
	if page := s.get(t, "/app", owner).Body.String(); strings.Contains(page, button) {
		t.Error("it was acknowledged, and is still there")
	}
}

func TestNobodyListensToAnothersInbox(t *testing.T) {
	t.Parallel()
	s, base := newLiveSite(t)
	org, neighbour := testdb.Org(t, s.pool), testdb.Org(t, s.pool)
	owner, colleague := s.session(t, org.Owner), testdb.Member(t, s.pool, org.ID, queries.RoleStaff)
	for _, region := range personalRegions {
		for whose, want := range map[uuid.UUID]int{org.Owner.ID: 200, colleague.ID: 404, neighbour.Owner.ID: 404, uuid.New(): 404} {
			if _, status := listen(t, base+"/live?kpis=0&"+region+":"+whose.String()+"=0", owner); status != want {
				t.Errorf("%s: %d, want %d", region, status, want)
			}
		}
	}
}

// The frame asks for two regions beside the page's own, and a page that could not read its bell still comes.
func TestEveryPageOfAnOrganisationFollowsItsBell(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for _, r := range w.routes() {
		if r.method != http.MethodGet || !strings.HasPrefix(r.path, "/app") || strings.Contains(r.path, ":id") {
			continue
		}
		address, err := url.Parse(streamOf(t, w.get(t, r.path, w.as(t, "owner")).Body.String()))
		if err != nil {
			t.Fatal(err)
		}
		shown, err := shownRegions(address.Query())
		if _, bell := shown[notify.InboxRegion(w.org.Owner.ID)]; err != nil || !bell {
			t.Errorf("%s follows %v, %v", r.path, shown, err)
		}
	}
	if page := w.get(t, "/us", w.as(t, "couple")).Body.String(); strings.Contains(page, "/app/inbox") {
		t.Error("a couple's page has a supplier's bell")
	}
}

// From what happened to the open page: announced, fanned out, shown.
func TestWhatIsAnnouncedReachesTheOpenPage(t *testing.T) {
	t.Parallel()
	s, base := newLiveSite(t)
	s.work(t)
	org := testdb.Org(t, s.pool)
	owner := s.session(t, org.Owner)
	events, _ := listen(t, base+streamOf(t, s.get(t, "/app", owner).Body.String()), owner)
	err := pgx.BeginFunc(t.Context(), s.pool, func(tx pgx.Tx) error {
		return notify.Announce(t.Context(), tx, s.jobs.River, notify.Notice{OrgID: org.ID, ID: uuid.New(), At: time.Now(), Urgent: true,
			News: mail.News{Kind: mail.Emergency, Title: "No florist", Detail: "Ceremony in 48 minutes", Path: "/app/weddings"}})
	})
	if err != nil {
		t.Fatal(err)
	}
	for want := map[string]string{"client_notification": ">1 new<", "emergency_alert": "No florist"}; len(want) > 0; {
		if name, html := nextEvent(t, events); want[name] != "" && strings.Contains(html, want[name]) {
			delete(want, name)
		}
	}
}
