package notify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// Between queueing and sending people change their minds, leave, and lose their addresses.
func TestWhatChangedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, change string
		words        string
	}{
		{"opted out", "INSERT INTO preferences (org_id, user_id, category, channel, pace) VALUES ($1, $2, 'bookings', 'email', 'off')", "turned this off"},
		{"left the team", "DELETE FROM memberships WHERE org_id = $1 AND user_id = $2", "not in the team"},
		{"bounced elsewhere", "INSERT INTO suppressions (org_id, channel, address, why, since) SELECT '00000000-0000-4000-8000-000000000001', 'email', lower(email), 'bounced', now() FROM users WHERE id = $2 AND $1::uuid IS NOT NULL", "does not exist any more"},
		{"complained", "INSERT INTO suppressions (org_id, channel, address, why, since) SELECT $1, 'email', lower(email), 'complained', now() FROM users WHERE id = $2", "unwanted"},
		{"too late", "UPDATE notification_logs SET created_at = created_at - interval '73 hours' WHERE org_id = $1 AND recipient_id = $2", "too long"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, queries.TierProfessional)
			n := w.booking()
			w.announce(t, n)
			w.sql(t, tt.change, w.org.ID, w.org.Owner.ID)
			w.work(t, w.mine(t, n, email).ID)
			if r := w.mine(t, n, email).is(t, tt.name, skipped); !strings.Contains(r.Reason, tt.words) || r.Due != nil || w.used(t, email) != 0 {
				t.Errorf("%+v", r)
			}
			w.sent(t, "email", 0)
		})
	}
	for _, tt := range []struct {
		kind   string
		urgent bool
		age    time.Duration
	}{{"security", false, time.Hour}, {"emergency", true, 2 * time.Hour}, {"booking", false, 72 * time.Hour}} {
		if notify.Late(tt.kind, tt.urgent, tt.age) || !notify.Late(tt.kind, tt.urgent, tt.age+time.Second) {
			t.Errorf("%s is late at another time", tt.kind)
		}
	}
}

// What guards an account goes to an address that is left alone, and to one whose owner turned everything off.
func TestSecurityMailIgnoresWhatIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierFree)
	w.prefer(t, "security", map[queries.Channel]queries.Pace{email: queries.PaceOff})
	w.sql(t, "INSERT INTO suppressions (org_id, channel, address, why, since) SELECT $1, 'email', lower(email), 'complained', now() FROM users WHERE id = $2", queries.House, w.org.Owner.ID)
	w.sql(t, "INSERT INTO suppressions (org_id, channel, address, why, since) VALUES ($1, 'sms', $2, 'stopped', now())", queries.House, w.phone)
	reset, code := w.security("reset"), w.security("phone_code")
	w.announce(t, reset, code)
	w.work(t, w.mine(t, reset, email).ID)
	w.work(t, w.mine(t, code, sms).ID)
	w.mine(t, reset, email).is(t, "a reset", accepted)
	w.mine(t, code, sms).is(t, "a code", accepted)
	if got := w.out.Outbox.Newest("email", "")[0]; got.Headers["List-Unsubscribe"] != "" || !strings.Contains(got.Text, "/reset/x") {
		t.Errorf("%v\n%s", got.Headers, got.Text)
	}
	if len(w.rows(t, reset.ID, w.org.Owner.ID)) != 1 || w.used(t, email)+w.used(t, sms) != 0 {
		t.Error("it goes by other channels too, or is on somebody's plan")
	}
}

// couple makes the client whom a notice is about.
func (w *world) couple(t *testing.T, address string) (id uuid.UUID) {
	t.Helper()
	connection := testdb.Connection(t, w.pool, w.org.ID, queries.ProviderStripe)
	return ask[uuid.UUID](t, w, "INSERT INTO clients (org_id, connection_id, external_id, name, partner_name, email) VALUES ($1, $2, $3, 'Anna', 'Tom', $4) RETURNING id", w.org.ID, connection, uuid.NewString(), address)
}

// A couple hears only what the supplier has switched on, once, and nothing after they asked for it.
func TestLettersToCouples(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	anna := w.couple(t, "Anna@Example.com")
	w.couple(t, "anna@example.com") // the same one, in another system
	about := func() notify.Notice {
		n := w.booking()
		n.ClientEmail = "anna@example.com"
		return n
	}
	letters := func() int {
		return ask[int](t, w, "SELECT count(*) FROM notification_logs WHERE org_id = $1 AND audience = 'couple'", w.org.ID)
	}
	w.announce(t, about())
	if letters() != 0 {
		t.Fatal("nobody switched that on")
	}
	w.sql(t, "INSERT INTO couple_letters (org_id, kind) VALUES ($1, 'booking')", w.org.ID)
	w.sql(t, "UPDATE orgs SET reply_to = 'kay@studio.example' WHERE id = $1", w.org.ID)
	n := about()
	w.announce(t, n)
	if letters() != 1 {
		t.Fatalf("%d letters go to one mailbox", letters())
	}
	r := w.rows(t, n.ID, anna)[email]
	w.work(t, r.ID)
	got := w.out.Outbox.Newest("email", "anna@example.com")
	if len(got) != 1 || !strings.HasPrefix(got[0].From, `"Kay Photography" <`) || got[0].ReplyTo[0] != "kay@studio.example" || got[0].Headers["List-Unsubscribe-Post"] != "List-Unsubscribe=One-Click" {
		t.Fatalf("%+v", got)
	}
	queuedBefore := about()
	w.announce(t, queuedBefore)
	link := strings.Trim(got[0].Headers["List-Unsubscribe"], "<>")
	u, err := notify.OpenUnsubscribe(t.Context(), queries.New(w.pool), w.box, link[strings.LastIndexByte(link, '/')+1:])
	if err != nil || u.Recipient != anna || u.Audience != queries.AudienceCouple || u.OrgName != "Kay Photography" {
		t.Fatalf("%+v, %v", u, err)
	}
	for range 2 {
		if err := u.Do(t.Context(), queries.New(w.pool), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	w.work(t, w.rows(t, queuedBefore.ID, anna)[email].ID)
	if r := w.rows(t, queuedBefore.ID, anna)[email]; r.Status != skipped || !strings.Contains(r.Reason, "not to be written to") {
		t.Errorf("%+v", r)
	}
	if ask[uuid.UUID](t, w, "SELECT org_id FROM suppressions WHERE address = 'anna@example.com'") != w.org.ID {
		t.Error("what they asked one supplier for holds for all")
	}
	w.sent(t, "email", 1)
}

// A notice for the couple alone, for one person alone, and of a client who is gone.
func TestWhomANoticeIsFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	w.sql(t, "INSERT INTO couple_letters (org_id, kind) VALUES ($1, 'booking')", w.org.ID)
	anna, other := w.couple(t, "anna@example.com"), w.colleague(t)
	forCouple, forOne, gone, strange := w.booking(), w.booking(), w.booking(), w.booking()
	forCouple.ClientEmail, forCouple.Only = "anna@example.com", queries.AudienceCouple
	forOne.UserID = &other
	strange.ClientEmail = "decoy@example.com" // another organisation's
	w.announce(t, forCouple, forOne, strange)
	w.sql(t, "UPDATE clients SET deleted = true WHERE id = $1", anna)
	gone.ClientEmail, gone.Only = "anna@example.com", queries.AudienceCouple
	w.announce(t, gone)
	for _, tt := range []struct {
		name              string
		n                 notify.Notice
		couple, own, them int
	}{{"the couple's", forCouple, 1, 0, 0}, {"one person's", forOne, 0, 0, 3 - 1}, {"a stranger's", strange, 0, 3, 3 - 1}, {"of somebody who is gone", gone, 0, 0, 0}} {
		couples := ask[int](t, w, "SELECT count(*) FROM notification_logs WHERE notice_id = $1 AND audience = 'couple'", tt.n.ID)
		own, them := len(w.rows(t, tt.n.ID, w.org.Owner.ID)), len(w.rows(t, tt.n.ID, other))
		if couples != tt.couple || own != tt.own || them != tt.them {
			t.Errorf("%s: %d couples, %d of mine, %d of a colleague's", tt.name, couples, own, them)
		}
	}
}

// Who has left the team can still follow the link of an old letter.
func TestUnsubscribingAfterLeaving(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	n := w.booking()
	w.announce(t, n)
	r := w.mine(t, n, email)
	w.work(t, r.ID)
	token, err := notify.UnsubscribeToken(w.box, w.org.ID, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	do := func() {
		u, err := notify.OpenUnsubscribe(t.Context(), queries.New(w.pool), w.box, token)
		if err != nil || u.Category.Key != "bookings" {
			t.Fatalf("%+v, %v", u, err)
		}
		if err := u.Do(t.Context(), queries.New(w.pool), time.Now()); err != nil {
			t.Error(err)
		}
	}
	do()
	if pace := ask[string](t, w, "SELECT pace FROM preferences WHERE org_id = $1 AND user_id = $2 AND category = 'bookings' AND channel = 'email'", w.org.ID, w.org.Owner.ID); pace != "off" {
		t.Error(pace)
	}
	w.sql(t, "DELETE FROM memberships WHERE org_id = $1", w.org.ID)
	do()
}
