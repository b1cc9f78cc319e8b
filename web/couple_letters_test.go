package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
	"github.com/wedsync/wedsync/views/mail"
)

func TestLettersToCouplesAreTurnedOnOneByOne(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner := w.as(t, "owner")
	list := w.get(t, "/app/wording", owner).Body.String()
	if n := strings.Count(list, `action="/app/wording/couples"`); n != 6 || strings.Contains(list, ">On<") || !strings.Contains(list, "a system of yours may write to your couples already") {
		t.Errorf("at first there are %d switches", n)
	}
	for _, kind := range []string{"booking", "payment", "refund", "failed_payment", "wedding_week", "wedding_day_change"} {
		if !strings.Contains(list, `name="kind" value="`+kind+`"`) {
			t.Errorf("no switch for %s", kind)
		}
	}
	for range 2 { // twice is once
		if to := w.post(t, "/app/wording/couples", url.Values{"kind": {"payment"}, "on": {"on"}}, owner).Header().Get("Location"); to != "/app/wording?done=on" {
			t.Errorf("leads to %s", to)
		}
	}
	to := w.post(t, "/app/wording/couples", url.Values{"kind": {"booking"}, "on": {"on"}, "letter": {"booking.couple"}}, owner).Header().Get("Location")
	if to != "/app/wording?done=on&letter=booking.couple" {
		t.Errorf("leads to %s", to)
	}
	showsAll(t, w.get(t, to, owner).Body.String(), "This letter goes to your couples from now on", "Stop sending it")
	if list := w.get(t, "/app/wording", owner).Body.String(); strings.Count(list, ">On<") != 2 {
		t.Error("the list does not show which are on")
	}
	if list := w.get(t, "/app/wording", w.as(t, "neighbour")).Body.String(); strings.Contains(list, ">On<") {
		t.Error("a neighbour's letters are on as well")
	}
	w.post(t, "/app/wording/couples", url.Values{"kind": {"payment"}}, owner)
	w.post(t, "/app/wording/couples", url.Values{"kind": {"payment"}}, owner)
	if n := w.count(t, "SELECT count(*) FROM couple_letters WHERE org_id = $1", w.org.ID); n != 1 {
		t.Errorf("%d letters are on", n)
	}
	if on, off := w.count(t, "SELECT count(*) FROM audit_log WHERE action = 'letter.on'"), w.count(t, "SELECT count(*) FROM audit_log WHERE action = 'letter.off'"); on != 2 || off != 1 {
		t.Errorf("noted: %d on, %d off", on, off)
	}
	showsAll(t, w.get(t, "/app/settings", owner).Body.String(), "A letter goes to your couples from now on")
}

func TestOnlyLettersForCouplesGoToCouples(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner := w.as(t, "owner")
	for _, kind := range []string{"", "emergency", "client_change", "security", "digest", "booking.couple", "<x>"} {
		if got := w.post(t, "/app/wording/couples", url.Values{"kind": {kind}, "on": {"on"}}, owner); got.Code != http.StatusNotFound {
			t.Errorf("%q: %d", kind, got.Code)
		}
	}
	if got := w.post(t, "/app/wording/couples", url.Values{"kind": {"booking"}, "on": {"on"}, "letter": {"https://evil.example"}}, owner); got.Header().Get("Location") != "/app/wording?done=on" {
		t.Errorf("leads to %s", got.Header().Get("Location"))
	}
	if n := w.count(t, "SELECT count(*) FROM couple_letters"); n != 1 {
		t.Errorf("%d letters", n)
	}
}

// readyToTest is a supplier with a wedding ahead, words of their own and couples who hear of everything.
func readyToTest(t *testing.T) (*town, *sandbox.World, *http.Cookie) {
	t.Helper()
	w, world := withPost(t)
	w.booked(t, "Kay & Fry", "9 days")
	w.exec(t, "UPDATE clients SET email = 'couple@example.com' WHERE org_id = $1", w.org.ID)
	w.exec(t, "INSERT INTO couple_letters (org_id, kind) VALUES ($1, 'payment'), ($1, 'booking')", w.org.ID)
	w.exec(t, "INSERT INTO wordings (org_id, letter, subject) VALUES ($1, 'payment.couple', 'Thank you, {{couple}}')", w.org.ID)
	w.exec(t, "UPDATE orgs SET colour = '#4f7a5b', reply_to = 'hello@example.com' WHERE id = $1", w.org.ID)
	// They hear of no payments, and not at this hour; a test is asked for, and comes.
	w.exec(t, "INSERT INTO preferences (org_id, user_id, category, channel, pace) VALUES ($1, $2, 'payments', 'email', 'off')", w.org.ID, w.org.Owner.ID)
	w.exec(t, "UPDATE users SET quiet_from = 0, quiet_until = 1439 WHERE id = $1", w.org.Owner.ID)
	return w, world, w.as(t, "owner")
}

// written is how much reached the owner and the couple. Others of the town have weddings of their own, and hear of those.
func written(w *town, world *sandbox.World) int {
	return len(world.Outbox.Newest("", w.org.Owner.Email)) + len(world.Outbox.Newest("", "couple@example.com"))
}

func TestASupplierSendsThemselvesALetter(t *testing.T) {
	t.Parallel()
	w, world, owner := readyToTest(t)
	colleague := testdb.Member(t, w.pool, w.org.ID, queries.RoleManager)
	if to := w.post(t, "/app/wording/tests", url.Values{"letter": {"payment.couple"}}, owner).Header().Get("Location"); to != "/app/wording?done=tested&letter=payment.couple" {
		t.Fatalf("leads to %s", to)
	}
	got := delivered(t, world, sandbox.Email, w.org.Owner.Email, 1)
	if got.Subject != "Test: Thank you, Anna Kay & Tom <Fry>" || !strings.Contains(got.HTML, "Holm House") || !strings.Contains(got.Text, "It went to you alone") {
		t.Errorf("%s\n%s", got.Subject, got.Text)
	}
	if strings.Join(got.ReplyTo, " ") != "hello@example.com" || got.Headers["List-Unsubscribe"] != "" {
		t.Errorf("answers go to %v, headers %v", got.ReplyTo, got.Headers)
	}
	eventually(t, "it is handed over", func() bool {
		return w.count(t, "SELECT count(*) FROM notification_logs WHERE org_id = $1 AND handed_at IS NOT NULL", w.org.ID) == 1
	})
	if n := w.count(t, "SELECT count(*) FROM notification_logs WHERE org_id = $1", w.org.ID); n != 1 || written(w, world) != 1 {
		t.Errorf("%d messages, and %d in the outbox", n, written(w, world))
	}
	if n := w.count(t, "SELECT coalesce(sum(used), 0) FROM quota_uses WHERE org_id = $1 AND channel = 'email'", w.org.ID); n != 1 {
		t.Errorf("%d of the day's e-mails are used", n)
	}
	showsAll(t, w.get(t, "/app/notifications", owner).Body.String(), "A test of your letter: Payment received, to couples")
	past, err := w.q.PastNotices(t.Context(), queries.PastNoticesParams{OrgID: w.org.ID, Since: time.Now().Add(-time.Hour), UserID: w.org.Owner.ID, Most: 10})
	if err != nil || len(past) != 0 {
		t.Errorf("the preview of settings counts %d tests, %v", len(past), err)
	}
	w.post(t, "/app/wording/tests", url.Values{"letter": {"booking.team"}}, w.session(t, colleague))
	if got := delivered(t, world, sandbox.Email, colleague.Email, 1); !strings.HasPrefix(got.Subject, "Test: ") || written(w, world) != 1 {
		t.Errorf("%s; %d to others", got.Subject, written(w, world))
	}
}

func TestATestIsRefusedInWords(t *testing.T) {
	t.Parallel()
	form := url.Values{"letter": {"payment.couple"}}
	bare := newTown(t)
	for _, page := range []string{bare.post(t, "/app/wording/tests", form, bare.as(t, "owner")).Body.String(), bare.get(t, "/app/wording?letter=payment.couple", bare.as(t, "owner")).Body.String()} {
		showsAll(t, page, "E-mail is not set up here")
		if strings.Contains(page, "Send it to me") {
			t.Error("there is a button that cannot work")
		}
	}
	w, world, owner := readyToTest(t)
	// An address that is not proven has no pages but the one that asks for it; the rule stands by itself.
	w.exec(t, "UPDATE users SET email_verified_at = NULL WHERE id = $1", w.org.Owner.ID)
	if to, err := w.testTo(t.Context(), visitor{OrgID: w.org.ID, UserID: w.org.Owner.ID}); err != nil || !strings.Contains(to.Refused, "You have not confirmed") {
		t.Errorf("an address that is not proven: %+v, %v", to, err)
	}
	if got := w.post(t, "/app/wording/tests", form, owner); got.Code < 400 && !strings.Contains(got.Header().Get("Location"), "verify") {
		t.Errorf("an address that is not proven: %d to %s", got.Code, got.Header().Get("Location"))
	}
	w.exec(t, "UPDATE users SET email_verified_at = now() WHERE id = $1", w.org.Owner.ID)
	w.exec(t, "INSERT INTO suppressions (org_id, channel, address, why, since) VALUES ($1, 'email', lower($2), 'bounced', now())", queries.House, w.org.Owner.Email)
	if got := w.post(t, "/app/wording/tests", form, owner); got.Code != 422 || !strings.Contains(got.Body.String(), "does not exist any more") || !strings.Contains(got.Body.String(), "The test was not sent") {
		t.Errorf("an address that bounced: %d", got.Code)
	}
	w.exec(t, "DELETE FROM suppressions")
	for _, letter := range []string{"", "security.person", "emergency.couple", "client_change.couple"} {
		if got := w.post(t, "/app/wording/tests", url.Values{"letter": {letter}}, owner); got.Code != 404 {
			t.Errorf("%q: %d", letter, got.Code)
		}
	}
	for i := range 6 {
		if got := w.post(t, "/app/wording/tests", form, owner); got.Code != map[bool]int{true: 303, false: 429}[i < 5] {
			t.Errorf("press %d: %d", i+1, got.Code)
		}
	}
	delivered(t, world, sandbox.Email, w.org.Owner.Email, 5)
}

func TestATestCountsAndGoesNoFurther(t *testing.T) {
	t.Parallel()
	w, world, owner := readyToTest(t)
	w.exec(t, "UPDATE orgs SET tier = 'free' WHERE id = $1", w.org.ID)
	w.exec(t, "INSERT INTO quota_uses (org_id, channel, day, used) SELECT id, 'email', (now() AT TIME ZONE timezone)::date, 10 FROM orgs WHERE id = $1", w.org.ID)
	w.post(t, "/app/wording/tests", url.Values{"letter": {"payment.couple"}}, owner)
	eventually(t, "it is not sent", func() bool {
		return w.count(t, "SELECT count(*) FROM notification_logs WHERE org_id = $1 AND status = 'skipped' AND reason = 'Today''s 10 e-mails are used.'", w.org.ID) == 1
	})
	if n := written(w, world); n != 0 {
		t.Errorf("%d messages went out", n)
	}
}

// TestATestIsForMembersOnly: what is announced for one person goes to nobody who is not in the team, and to no couple.
func TestATestIsForMembersOnly(t *testing.T) {
	t.Parallel()
	w, world, _ := readyToTest(t)
	for _, to := range []uuid.UUID{w.theirs.Owner.ID, w.org.Owner.ID} {
		err := pgx.BeginFunc(t.Context(), w.pool, func(tx pgx.Tx) error {
			return notify.Announce(t.Context(), tx, w.jobs.River, notify.Notice{OrgID: w.org.ID, At: time.Now(), UserID: &to, Only: queries.AudiencePerson, ClientEmail: "couple@example.com",
				News: mail.News{Kind: mail.Payment, What: "payment_completed", Test: mail.Couple}})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	delivered(t, world, sandbox.Email, w.org.Owner.Email, 1)
	if n := w.count(t, "SELECT count(*) FROM notification_logs WHERE org_id = $1", w.org.ID); n != 1 || written(w, world) != 1 {
		t.Errorf("%d messages, %d went out", n, written(w, world))
	}
}
