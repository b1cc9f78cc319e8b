package views

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/wedsync/wedsync/queries"
)

// The pages of notifications stand here rather than in golden_test.go, which draws them with the others.
func init() {
	for _, status := range queries.AllNotificationStatusValues() {
		cases["SentOne_"+string(status)] = SentOne(page, sentOneView(sentRow(status)))
	}
	held := sentRow(queries.NotificationStatusQueued)
	held.Attempts, held.Provider, held.ProviderRef, held.NextTryAt, held.Reason = 0, "", "", ptr(noon.Add(19*time.Hour)), "quiet hours"
	again := sentRow(queries.NotificationStatusQueued)
	again.NextTryAt, again.Reason = ptr(noon.Add(5*time.Minute)), "Resend answered 503 (Service Unavailable)"
	bare := SentOneView{Now: noon, Zone: time.UTC, Title: "New booking: Kay <& Fry>", At: noon, Row: queries.NotificationLog{ID: one, Recipient: "Anna Hall",
		Channel: queries.ChannelInApp, Status: queries.NotificationStatusDelivered, CreatedAt: noon, DeliveredAt: &noon}}
	items := []SentItem{{"New booking: Kay <& Fry>", sentRow(queries.NotificationStatusDelivered)}, {"Deposit paid", held}, {"Deposit paid", again}}
	maps.Copy(cases, map[string]templ.Component{
		"SentOne":       SentOne(page, bare),
		"SentOne_held":  SentOne(page, sentOneView(held)),
		"SentOne_again": SentOne(page, sentOneView(again)),
		"Sent":          Sent(page, SentView{Now: noon, Zone: time.UTC, Rows: items, Older: "?before=1", Search: `a"b`, Channel: "email", Group: "held", Suppressed: suppressedRows(), MayLift: true}),
		"Sent_staff":    Sent(page, SentView{Now: noon, Zone: time.UTC, Rows: items[:1], Suppressed: suppressedRows()[:1]}),
		"Sent_nothing":  Sent(page, SentView{Now: noon, Zone: time.UTC, Search: "<x>", Filtered: true}),
		"Sent_empty":    Sent(page, SentView{Now: noon, Zone: time.UTC}),
		"Clients_suppressed": Clients(page, "", noon, []queries.ClientsRow{{ID: one, Name: "Anna Kay", PartnerName: "Tom Fry", Email: "a@example.com", CreatedAt: noon,
			EmailWhy: "bounced", EmailSince: noon, EmailDetail: "no <such> mailbox", PhoneWhy: "stopped", PhoneSince: noon}}),
		"Telling": Telling(TellingView{Now: noon, Carriers: []CarrierState{{"resend", "Resend", "E-mail", true, "to api.resend.com"}, {"push", "Web Push", "Push", true, "signed with this house's key"},
			{"twilio", "Twilio", "SMS", false, "TWILIO_ACCOUNT_SID is missing"}},
			Breakers: []OpenBreaker{{Peer: "resend", Failures: 7, Since: noon.Add(-time.Hour), Until: noon.Add(time.Minute)}, {Peer: "push:push.example", Failures: 1, Since: noon, Until: noon}},
			Channels: []queries.AllOrgsTellingRow{{Channel: queries.ChannelEmail, Waiting: 12, OldestAt: noon.Add(-4 * time.Minute), Failed: 3, Unknown: 1}, {Channel: queries.ChannelSms}}}),
		"Telling_none": Telling(TellingView{Now: noon}),
		"Operations_requests": Operations(page, OperationsView{Now: noon, Requests: []queries.AllOrgsTierRequestsRow{{ID: one, Org: "Holm <House>", TierNow: queries.TierFree,
			Tier: queries.TierScale, AskedBy: "Anna Hall", AskedAt: noon.Add(-time.Hour)}, {ID: two, Org: "Fry", AskedAt: noon}}}),
		"Plan":                 Plan(page, planView(queries.TierStarter, nil, true)),
		"Plan_asked":           Plan(page, planView(queries.TierStarter, &queries.LatestTierRequestRow{ID: one, Tier: queries.TierScale, AskedBy: "Anna <Hall>", AskedAt: noon}, true)),
		"Plan_granted":         Plan(page, planView(queries.TierEnterprise, &queries.LatestTierRequestRow{ID: one, Tier: queries.TierEnterprise, AskedAt: noon, SettledAt: &noon, Granted: ptr(true)}, true)),
		"Plan_declined":        Plan(page, planView(queries.TierFree, &queries.LatestTierRequestRow{ID: one, Tier: queries.TierScale, AskedAt: noon, SettledAt: &noon, Granted: ptr(false)}, false)),
		"AllowanceNotice":      AllowanceNotice([]AllowanceLine{{queries.ChannelEmail, 400, 500, 0}, {queries.ChannelSms, 100, 100, 0}, {queries.ChannelPush, 203, 200, 12}}),
		"AllowanceNotice_none": AllowanceNotice(nil),
	})
}

func sentRow(status queries.NotificationStatus) queries.NotificationLog {
	at := func(minutes int) *time.Time { return ptr(noon.Add(time.Duration(minutes-30) * time.Minute)) }
	return queries.NotificationLog{ID: one, NoticeID: two, Kind: "booking", Audience: queries.AudienceTeam, Recipient: "Anna <Hall>", Channel: queries.ChannelEmail,
		Address: "anna@example.com", Status: status, Reason: reasons[status], Provider: "resend", ProviderRef: "re_<1>", Attempts: 1, QuotaDay: ptr(noon.Truncate(24 * time.Hour)),
		FellFrom: ptr(queries.ChannelSms), CreatedAt: noon.AddDate(0, 0, -1), HandedAt: at(1), DeliveredAt: at(2), SeenAt: at(3), AcknowledgedAt: at(4)}
}

// reasons are what the worker and the carriers write, as far as a status has one.
var reasons = map[queries.NotificationStatus]string{
	queries.NotificationStatusSkipped: "today's 10 e-mails are used",
	queries.NotificationStatusBounced: "no such mailbox",
	queries.NotificationStatusUnknown: "Twilio did not answer in time",
	queries.NotificationStatusFailed:  "Resend refused it: the sender is not verified",
}

func sentOneView(row queries.NotificationLog) SentOneView {
	return SentOneView{Now: noon, Zone: time.UTC, Title: "New booking: Kay <& Fry>", At: noon.AddDate(0, 0, -1), Row: row, Steps: []queries.StepsOfRow{
		{At: noon.AddDate(0, 0, -1), Step: "queued"}, {At: noon.Add(-time.Hour), Step: "accepted", Provider: "resend", Detail: "re_1"},
		{At: noon.Add(-time.Minute), Step: "email.delivery_delayed", Provider: "resend", Detail: "mailbox <full>"}},
		Beside: []queries.NotificationLog{{ID: two, Recipient: "Tom", Channel: queries.ChannelInApp, Status: queries.NotificationStatusSeen, SeenAt: &noon},
			{ID: two, Recipient: "Tom", Channel: queries.ChannelSms, Status: queries.NotificationStatusSending}}}
}

func suppressedRows() (rows []queries.SuppressedInUseRow) {
	for _, why := range []string{"bounced", "complained", "stopped", "invalid", "unsubscribed"} {
		rows = append(rows, queries.SuppressedInUseRow{Who: "Anna <Kay>", Channel: queries.ChannelEmail, Address: why + "@example.com", Why: why, Since: noon.AddDate(0, 0, -11), Detail: reasons[queries.NotificationStatus(why)]})
	}
	return rows
}

func planView(tier queries.Tier, request *queries.LatestTierRequestRow, owner bool) PlanView {
	v := PlanView{Now: noon, Tier: tier, Request: request, Owner: owner, Plans: []PlanOffer{{queries.TierFree, 10, 0, 5}, {queries.TierStarter, 100, 20, 50}, {queries.TierProfessional, 500, 100, 200},
		{queries.TierScale, 2000, 500, 1000}, {queries.TierEnterprise, 10000, 2000, 5000}}}
	days := make([]DayUse, 30)
	for i := range days {
		days[i] = DayUse{noon.AddDate(0, 0, i-29), int64(i * 7 % 31), 0}
	}
	days[0], days[29] = DayUse{days[0].Day, 100, 7}, DayUse{noon, 42, 3}
	v.Uses = []ChannelUse{{Channel: queries.ChannelEmail, Allowance: 100, Used: 42, Refused: 3, Days: days}, {Channel: queries.ChannelSms, Days: days}, {Channel: queries.ChannelPush, Allowance: 5, Days: make([]DayUse, 30)}}
	return v
}

func TestNotificationWords(t *testing.T) {
	t.Parallel()
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2027, 5, 14, 20, 0, 0, 0, london)
	at := func(hour, minute int) *time.Time {
		return ptr(time.Date(2027, 5, 14, hour, minute, 0, 0, london).UTC())
	}
	type log = queries.NotificationLog
	for _, c := range []struct {
		row  log
		want string
	}{
		{log{Status: "delivered", DeliveredAt: at(12, 4)}, "Delivered 12:04"},
		{log{Status: "delivered", DeliveredAt: ptr(at(12, 4).AddDate(0, 0, -1))}, "Delivered 13 May, 12:04"},
		{log{Status: "delivered", DeliveredAt: ptr(at(12, 4).AddDate(-1, 0, 0))}, "Delivered 14 May 2026, 12:04"},
		{log{Status: "delivered"}, "Delivered"},
		{log{Status: "queued", NextTryAt: ptr(at(7, 0).AddDate(0, 0, 1)), Reason: "quiet hours"}, "Held back until 15 May, 07:00: quiet hours"},
		{log{Status: "queued", NextTryAt: at(21, 0), Reason: "quiet hours"}, "Held back until 21:00: quiet hours"},
		{log{Status: "queued", NextTryAt: at(19, 59)}, "On its way"},
		{log{Status: "queued"}, "On its way"},
		{log{Status: "queued", Attempts: 2, NextTryAt: at(20, 5), Reason: "Resend is busy"}, "To be tried again at 20:05: Resend is busy"},
		{log{Status: "bundled"}, "Kept for the next summary"},
		{log{Status: "bundled", HandedAt: at(8, 0)}, "Told in a summary 08:00"},
		{log{Status: "accepted", Provider: "twilio", HandedAt: at(19, 0)}, "Handed to Twilio 19:00"},
		{log{Status: "accepted", HandedAt: at(19, 0)}, "Handed over 19:00"},
		{log{Status: "skipped", Reason: "today's 10 e-mails are used"}, "Not sent: today's 10 e-mails are used"},
		{log{Status: "bounced", Reason: "no such mailbox"}, "Bounced: no such mailbox"},
		{log{Status: "queued", NextTryAt: at(21, 0), Reason: "Held back over quiet hours."}, "Held back until 21:00: quiet hours"},
		{log{Status: "skipped", Reason: "They asked not to be written to."}, "Not sent: they asked not to be written to"},
		{log{Status: "failed", Reason: "Given up after 3 tries. The last time: Resend answered 503."}, "Failed: given up after 3 tries. The last time: Resend answered 503"},
		{log{Status: "bounced"}, "Bounced: the address takes nothing"},
		{log{Status: "unknown", Reason: "Twilio did not answer in time"}, "We do not know: Twilio did not answer in time"},
		{log{Status: "a state of tomorrow", Reason: "no idea"}, "a state of tomorrow: no idea"},
	} {
		if got := NotificationWords(c.row, now).Sentence(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.row, got, c.want)
		}
	}
}

// TestEveryNotificationStatusHasWords: one without would show as what machines call it, and in no group.
func TestEveryNotificationStatusHasWords(t *testing.T) {
	t.Parallel()
	said := map[string]queries.NotificationStatus{}
	for _, status := range queries.AllNotificationStatusValues() {
		words := NotificationWords(queries.NotificationLog{Status: status}, noon)
		if other, twice := said[words.Word]; twice || words.Word == string(status) || words.Word == "" || words.Means == "" || words.Tone == "" {
			t.Errorf("%s says %+v, as does %q", status, words, other)
		}
		said[words.Word] = status
		groups := 0
		for _, g := range SentGroups {
			for _, s := range g.Statuses {
				if s == status {
					groups++
				}
			}
		}
		if groups != 1 {
			t.Errorf("%s is in %d groups", status, groups)
		}
		if title, _ := StepWords(string(status)); title != words.Word {
			t.Errorf("as a step %s says %q", status, title)
		}
	}
	if len(standings) != len(queries.AllNotificationStatusValues()) {
		t.Error("there are words for a status that does not exist")
	}
}

func TestEveryChannelHasAName(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, ch := range queries.AllChannelValues() {
		names[ChannelName(ch)] = true
	}
	if len(names) != len(queries.AllChannelValues()) {
		t.Errorf("channels are called %v", names)
	}
}

func TestSuppressionWords(t *testing.T) {
	t.Parallel()
	since := time.Date(2027, 5, 3, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		who, why, detail string
		ch               queries.Channel
		want             string
		lift             bool
	}{
		{"Anna Kay", "bounced", "no such mailbox", queries.ChannelEmail, "Anna Kay's e-mail has bounced since 3 May: no such mailbox", true},
		{"Tom Jones", "invalid", "", queries.ChannelSms, "Tom Jones' number was found to take no messages on 3 May", true},
		{"Anna Kay", "stopped", "", queries.ChannelSms, "Anna Kay replied STOP on 3 May", false},
		{"Anna Kay", "unsubscribed", "", queries.ChannelEmail, "Anna Kay asked not to be written to, on 3 May", false},
		{"", "complained", "", queries.ChannelEmail, "Somebody told their mail provider that our letters are unwanted, on 3 May", false},
		{"Anna Kay", "something new", "", queries.ChannelEmail, "Anna Kay's e-mail is left alone since 3 May", false},
	} {
		if got := SuppressionWords(c.who, c.ch, c.why, since, c.detail, noon); got != c.want || MayLift(c.why) != c.lift {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
	}
}

func TestTellingFindingSaysWhatWaits(t *testing.T) {
	t.Parallel()
	rows := []queries.AllOrgsTellingRow{{Channel: "email", Waiting: 2, OldestAt: noon.Add(-3 * time.Minute), Failed: 4}, {Channel: "sms", Unknown: 1, OldestAt: time.Unix(0, 0)}}
	got := TellingFinding(rows, noon)
	if want := "2 messages wait to be sent, the oldest for 3 minutes; 4 failed in the last hour; nobody knows whether 1 message since yesterday arrived"; got.Words != want || !got.Healthy {
		t.Errorf("%+v", got)
	}
	if got := TellingFinding(nil, noon); got.Words != "nothing waits to be sent" {
		t.Errorf("%+v", got)
	}
}

func TestOnlyLargerPlansMayBeAskedFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		now, asked queries.Tier
		want       bool
	}{{"free", "starter", true}, {"free", "enterprise", true}, {"scale", "scale", false}, {"scale", "starter", false}, {"enterprise", "enterprise", false}, {"nothing", "scale", false}} {
		if v := planView(c.now, nil, true); v.larger(c.asked) != c.want {
			t.Errorf("%s may ask for %s: %v", c.now, c.asked, !c.want)
		}
	}
	if _, more := planView("enterprise", nil, true).next(); more {
		t.Error("there is something above Enterprise")
	}
	if chart := (ChannelUse{Channel: "email", Days: []DayUse{{noon, 3, 1}}}).month(); !strings.Contains(chart.Summary, "1 not sent") || !strings.HasSuffix(chart.Points[0].Label, "(1 not sent)") {
		t.Errorf("%+v", chart)
	}
}
