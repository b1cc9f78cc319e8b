package web

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// aPlanRequest is an organisation's open one.
func aPlanRequest(t *testing.T, w *town, org testdb.Supplier) (id uuid.UUID) {
	t.Helper()
	err := w.pool.QueryRow(t.Context(), `INSERT INTO tier_requests (org_id, tier) VALUES ($1, 'scale')
		ON CONFLICT (org_id) WHERE settled_at IS NULL DO UPDATE SET asked_at = now() RETURNING id`, org.ID).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *town) tier(t *testing.T, org uuid.UUID) (tier queries.Tier) {
	t.Helper()
	if err := w.pool.QueryRow(t.Context(), "SELECT tier FROM orgs WHERE id = $1", org).Scan(&tier); err != nil {
		t.Fatal(err)
	}
	return tier
}

func (w *town) used(t *testing.T, org uuid.UUID, channel string, daysAgo, used, refused int) {
	t.Helper()
	w.exec(t, `INSERT INTO quota_uses (org_id, channel, day, used, refused) VALUES ($1, $2, (now() AT TIME ZONE 'Europe/London')::date - $3::int, $4, $5)`, org, channel, daysAgo, used, refused)
}

func TestAnOwnerAsksAndAnOperatorGrants(t *testing.T) {
	t.Parallel()
	w := newTown(t) // on Professional
	owner, operator := w.as(t, "owner"), w.as(t, "operator")
	before := w.contents(t)
	for _, tier := range []string{"professional", "starter", "free", "imperial", ""} { // not larger, or no plan
		if got := w.post(t, "/app/plan/requests", url.Values{"tier": {tier}}, owner); got.Code != 303 && got.Code != 400 {
			t.Errorf("%s: %d", tier, got.Code)
		}
	}
	if after := w.contents(t); !maps.Equal(before, after) {
		t.Error("a plan that is not larger was asked for")
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { w.post(t, "/app/plan/requests", url.Values{"tier": {"scale"}}, owner) })
	}
	all.Wait()
	if w.count(t, "SELECT count(*) FROM tier_requests") != 1 || w.count(t, "SELECT count(*) FROM audit_log WHERE action = 'plan.asked' AND org_id = $1", w.org.ID) != 1 {
		t.Error("eight presses are not one request")
	}
	page := w.get(t, "/app/plan", w.as(t, "staff")).Body.String()
	if !strings.Contains(page, "Scale is asked for") || !strings.Contains(page, "Owner of Kay Photography asked on") || strings.Contains(page, "/app/plan/requests") {
		t.Errorf("the page says\n%s", page)
	}
	if ops := w.get(t, "/ops", operator).Body.String(); !strings.Contains(ops, "Kay Photography: Scale instead of Professional") {
		t.Errorf("operators read\n%s", ops)
	}
	id := aPlanRequest(t, w, w.org)
	for _, form := range []url.Values{nil, {"action": {"reward"}}} {
		if got := w.post(t, "/ops/plans/"+id.String(), form, operator); got.Code != 400 {
			t.Errorf("%v: %d", form, got.Code)
		}
	}
	for range 5 {
		all.Go(func() { w.post(t, "/ops/plans/"+id.String(), url.Values{"action": {"grant"}}, operator) })
	}
	all.Wait()
	if w.tier(t, w.org.ID) != queries.TierScale || w.tier(t, w.theirs.ID) != queries.TierProfessional {
		t.Errorf("we are on %s, the neighbours on %s", w.tier(t, w.org.ID), w.tier(t, w.theirs.ID))
	}
	if w.count(t, "SELECT count(*) FROM audit_log WHERE action = 'plan.granted' AND org_id = $1", w.org.ID) != 1 {
		t.Error("it is not noted exactly once")
	}
	if got := w.post(t, "/ops/plans/"+id.String(), url.Values{"action": {"decline"}}, operator); got.Code != http.StatusNotFound {
		t.Errorf("a settled one: %d", got.Code)
	}
	if page := w.get(t, "/app/plan", owner).Body.String(); !strings.Contains(page, "Scale was granted on") || !strings.Contains(page, "Ask for Enterprise") {
		t.Errorf("the page says\n%s", page)
	}
}

func TestADeclinedRequestChangesNothingAndMayBeAskedAgain(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	id, owner := aPlanRequest(t, w, w.org), w.as(t, "owner")
	if got := w.post(t, "/ops/plans/"+id.String(), url.Values{"action": {"decline"}}, w.as(t, "operator")); got.Code != 303 {
		t.Fatalf("%d", got.Code)
	}
	page := w.get(t, "/app/plan", owner).Body.String()
	if w.tier(t, w.org.ID) != queries.TierProfessional || !strings.Contains(page, "Scale was declined on") || !strings.Contains(page, "Ask for Scale") {
		t.Errorf("on %s\n%s", w.tier(t, w.org.ID), page)
	}
	w.post(t, "/app/plan/requests", url.Values{"tier": {"enterprise"}}, owner)
	if w.count(t, "SELECT count(*) FROM tier_requests WHERE settled_at IS NULL AND org_id = $1 AND tier = 'enterprise'", w.org.ID) != 1 {
		t.Error("it may not be asked again")
	}
}

// What was asked for when the plan was smaller must not make it smaller later.
func TestAGrantNeverMakesAPlanSmaller(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	id := aPlanRequest(t, w, w.org)
	w.exec(t, "UPDATE orgs SET tier = 'enterprise' WHERE id = $1", w.org.ID)
	w.post(t, "/ops/plans/"+id.String(), url.Values{"action": {"grant"}}, w.as(t, "operator"))
	if w.tier(t, w.org.ID) != queries.TierEnterprise {
		t.Errorf("now on %s", w.tier(t, w.org.ID))
	}
}

func TestThePlanShowsWhatIsUsed(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.used(t, w.org.ID, "email", 0, 120, 0)
	w.used(t, w.org.ID, "email", 29, 77, 3)
	w.used(t, w.org.ID, "email", 30, 11111, 0) // a day too old
	w.used(t, w.theirs.ID, "sms", 0, 99, 99)
	page := w.get(t, "/app/plan", w.as(t, "staff")).Body.String()
	for _, want := range []string{"120 of 500 used.", "0 of 100 used.", "0 of 200 used.", "197 e-mails sent; 3 not sent", "10,000", "Europe/London"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "Ask for") || strings.Contains(page, "11,") || !strings.Contains(w.get(t, "/app/plan", w.as(t, "owner")).Body.String(), "Ask for Scale") {
		t.Error("who may ask, or a day that is not shown")
	}
}

func TestTheFirstPageSaysWhenTheDayIsNearlyUsed(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	staff := w.as(t, "staff")
	notice := func() string {
		page := w.get(t, "/app", staff).Body.String()
		if !strings.Contains(page, `href="/app/plan"`) {
			return ""
		}
		return page
	}
	w.used(t, w.org.ID, "email", 0, 399, 0) // of 500
	w.used(t, w.org.ID, "sms", 1, 100, 5)   // yesterday's
	w.used(t, w.theirs.ID, "push", 0, 200, 9)
	if got := notice(); got != "" {
		t.Errorf("at 79 %%:\n%s", got)
	}
	w.exec(t, "UPDATE quota_uses SET used = 400 WHERE org_id = $1 AND channel = 'email'", w.org.ID)
	if got := notice(); !strings.Contains(got, "400 of today&#39;s 500 e-mails are used.") {
		t.Errorf("at 80 %%:\n%s", got)
	}
	w.exec(t, "UPDATE quota_uses SET used = 500, refused = 12 WHERE org_id = $1 AND channel = 'email'", w.org.ID)
	if got := notice(); !strings.Contains(got, "Today&#39;s 500 e-mails are used, and 12 were not sent.") {
		t.Errorf("at 100 %%:\n%s", got)
	}
}

func TestOperatorsSeeHowPeopleAreTold(t *testing.T) {
	t.Parallel()
	w := newTown(t, func(c *Config) {
		c.Carriers = notify.Settings{ResendKey: "re_1"}
	})
	now := time.Now()
	w.told(t, w.org.ID, sending{recipient: "Anna", channel: "email", status: "queued", next: now.Add(-4 * time.Minute)})
	w.told(t, w.theirs.ID, sending{recipient: "Ben", channel: "email", status: "queued", attempts: 2, next: now.Add(time.Minute), created: now.Add(-time.Minute)})
	w.told(t, w.org.ID, sending{recipient: "Quiet", channel: "email", status: "queued", next: now.Add(time.Hour)}) // waits for its hour, as it should
	w.told(t, w.org.ID, sending{recipient: "Cleo", channel: "sms", status: "bounced"})
	w.told(t, w.org.ID, sending{recipient: "Old", channel: "sms", status: "failed", created: now.Add(-2 * time.Hour)})
	w.told(t, w.org.ID, sending{recipient: "Dora", channel: "sms", status: "unknown", created: now.Add(-2 * time.Hour)})
	w.exec(t, `INSERT INTO breakers (org_id, peer, failures, failing_since, opened_at) VALUES ($1, 'resend', 7, now(), now()), ($2, 'twilio', 7, now(), now())`, queries.House, w.org.ID)
	page := w.get(t, "/ops", w.as(t, "operator")).Body.String()
	for _, want := range []string{"Does not answer", "7 failures in a row", "Not configured", "not configured: TWILIO_ACCOUNT_SID is empty", "to api.resend.com", "2 messages wait to be sent, the oldest for 4 minutes; 1 failed in the last hour; nobody knows whether 1 message since yesterday arrived"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, nobody := range []string{"Anna", "Cleo", "Kay &amp; Fry"} {
		if strings.Contains(page, ">"+nobody) {
			t.Errorf("the page names %s", nobody)
		}
	}
	metrics := w.get(t, "/metrics", nil).Body.String()
	for _, want := range []string{`wedsync_notifications_waiting{channel="email"} 2`, `wedsync_notifications_failed_last_hour{channel="sms"} 1`, `wedsync_notifications_unknown{channel="sms"} 1`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}
