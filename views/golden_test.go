package views

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	noon = time.Date(2027, 5, 14, 12, 0, 0, 0, time.UTC)
	day  = time.Date(2027, 6, 12, 14, 0, 0, 0, time.UTC)
	one  = uuid.MustParse("01a00000-0000-7000-8000-000000000001")
	two  = uuid.MustParse("01a00000-0000-7000-8000-000000000002")
	page = Page{Title: "A page", Place: "today", Person: "Anna Hall", Org: "Holm House", Role: "owner", LiveURL: "/live?kpis=7", Demo: true}
	at   = Stand{Version: 7, Changed: noon}
)

func ptr[T any](v T) *T { return &v }

var kpis = KPIsView{Stand: at, Row: queries.KPIsRow{Currency: "GBP", RevenuePaid: 4825050, RevenueRefunded: 30000, OtherCurrencies: 1, BookingsConfirmed: 19,
	ClientsActive: 22, WeddingsNext30d: 2, InvitesAccepted: 3, ConflictsOpen: 1, EventsWaiting: 4, EventsUnread: 2},
	Trends: []queries.TrendsRow{{Paid: 100, Bookings: 18, Clients: 20}, {Paid: 5000, Refunded: 30000, Bookings: 19, Clients: 22, Invites: 3}}}

var weddings = WeddingsView{Stand: at, Now: noon, Rows: []queries.NextWeddingsRow{
	{ID: one, Title: "Kay & Fry", StartsLocal: &day, Timezone: "Europe/London", Venue: "Holm House", Status: queries.BookingStatusHeld, StartsAt: day}},
	Season: []queries.SeasonByMonthRow{{Month: time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC), Weddings: 3}}}

var lately = ActivityView{Stand: at, Now: noon, Zone: time.UTC, Rows: []queries.LatestActivitiesRow{
	{At: noon.Add(-time.Minute), Kind: "payment_completed", Who: "Kay <& Fry>", What: "Deposit", AmountMinor: ptr(int64(50000)), Currency: "GBP", Provider: ptr(queries.ProviderStripe), DeliveryID: &one}}}

var deliveries = DeliveriesView{Stand: at, Now: noon, Rows: []queries.DeliveriesRow{
	{ID: one, EventID: "evt_1", EventType: "payment.completed", Status: queries.DeliveryStatusFailed, Attempts: 2, Error: "It was <500.00>.", ReceivedAt: noon.Add(-time.Hour)}}}

var cases = map[string]templ.Component{
	"Activity": Activity(lately), "Activity_empty": Activity(ActivityView{Now: noon, Zone: time.UTC}),
	"App":           App(page),
	"Clients":       Clients(page, "kay", []queries.ClientsRow{{ID: one, Name: "Anna Kay", PartnerName: "Tom Fry", Email: "a@example.com", CreatedAt: noon}}),
	"Clients_empty": Clients(page, "", nil), "Clients_nobody": Clients(page, "<x>", nil),
	"Connection": Connection(page, ConnectionView{ID: one, Provider: queries.ProviderStripe, URL: "https://x/webhooks/stripe/t", Search: "a", Status: "failed", Older: "?before=1", List: deliveries,
		Secrets: []queries.LiveSecretsRow{{ID: one, CreatedAt: noon}, {ID: two, CreatedAt: noon, ExpiresAt: &noon}}, SecretFault: "Too short."}),
	"ConnectionMade":        ConnectionMade(page, NewlyMade{ID: one, Provider: queries.ProviderStripe, URL: "https://x", Secret: "whsec_1"}),
	"ConnectionMade_key":    ConnectionMade(page, NewlyMade{ID: one, Provider: queries.ProviderCustom, Proof: queries.SenderProofStaticKey, URL: "https://x", Secret: "whsec_1"}),
	"ConnectionMade_signed": ConnectionMade(page, NewlyMade{ID: one, Provider: queries.ProviderCustom, Proof: queries.SenderProofSigned, URL: "https://x", Secret: "whsec_1"}),
	"Connections": Connections(page, noon, []queries.ConnectionsRow{{ID: one, Provider: queries.ProviderTave, LastReceivedAt: &noon, Failed: 1, Waiting: 2},
		{ID: two, Provider: queries.ProviderCustom, Proof: queries.SenderProofStaticKey}}),
	"Connections_empty": Connections(page, noon, nil),
	"Couple":            Couple(page),
	"Dashboard":         Dashboard(page, Today{KPIs: kpis, Weddings: weddings, Activity: lately}),
	"Dashboard_fresh":   Dashboard(page, Today{KPIs: KPIsView{Row: queries.KPIsRow{Currency: "JPY"}}, Weddings: WeddingsView{Now: noon}, Activity: ActivityView{Now: noon, Zone: time.UTC}, Fresh: true}),
	"Deliveries":        Deliveries(deliveries), "Deliveries_empty": Deliveries(DeliveriesView{}), "Deliveries_nothing": Deliveries(DeliveriesView{Filtered: true}),
	"Delivery": Delivery(page, DeliveryView{Now: noon, Zone: time.UTC, Body: `{"a":"<b>"}`, Normalised: `{}`, MayRun: true, Row: queries.DeliveryByIDRow{ID: one, EventID: "evt_1",
		Status: queries.DeliveryStatusFailed, Error: "No amount.", ReceivedAt: noon, ContentType: "application/json", Proof: "wedsync"},
		Attempts: []queries.AttemptsOfRow{{Attempt: 1, At: noon, Outcome: queries.DeliveryStatusFailed, Error: "No amount."}}}),
	"Delivery_waiting":    Delivery(page, DeliveryView{Now: noon, Zone: time.UTC, Row: queries.DeliveryByIDRow{ID: one, Status: queries.DeliveryStatusAccepted, ReceivedAt: noon, Proof: "stripe"}}),
	"Error":               Error(page, Trouble{Happened: "It broke.", Kept: "All is kept.", Do: "Try again.", Reference: "ABC", Href: "/", Label: "To the start"}),
	"KPIs":                KPIs(kpis),
	"Landing":             Landing(page),
	"Login":               Login(page, SignIn{Email: `a"b`, Next: "/app", Error: "No."}),
	"NewConnection":       NewConnection(page, NewConnectionForm{Provider: queries.ProviderStripe, Proof: queries.SenderProofSigned, Faults: Faults{"secret": "Too short."}}),
	"NewConnectionButton": NewConnectionButton(),
	"NextWeddings":        NextWeddings(weddings), "NextWeddings_empty": NextWeddings(WeddingsView{Now: noon}),
	"Operations":      Operations(page, OperationsView{Now: noon, Streams: 2, Findings: []Finding{{What: "Database", Healthy: true, Words: "answers"}, {What: "Deliveries", Words: "wait"}}}),
	"OperationsLinks": OperationsLinks(),
	"Payments": Payments(page, []queries.PaymentsRow{{ID: one, Status: queries.PaymentStatusCompleted, AmountMinor: 50000, Currency: "GBP", RefundedMinor: 100, PayerEmail: "a@example.com", PaidAt: &noon},
		{ID: two, Status: queries.PaymentStatusFailed, AmountMinor: 5, Currency: "JPY", Failure: "Declined.", UpdatedAt: noon}}),
	"Payments_empty": Payments(page, nil),
	"Plain":          Plain(page),
	"Public":         Public(page),
	"Sandbox": Sandbox(page, SandboxView{People: []DemoPerson{{"ada", "Ada", "Owner"}}, Orgs: []SandboxOrg{{ID: one, Name: "Holm House", Senders: []SandboxSender{
		{Provider: queries.ProviderStripe, Buttons: []SandboxButton{{"k", "Pay", "hint"}}}}}}, Sent: &SandboxSent{Label: "Pay", Answer: "Accepted", Status: 202, Body: "{}"}}),
	"Settings": Settings(page, SettingsView{Now: noon, Org: queries.Org{Name: "Holm House", Timezone: "Europe/London", Currency: "GBP", Tier: queries.TierScale}, Me: one, Owner: true,
		Team:  []queries.TeamRow{{UserID: one, Name: "Anna", Role: queries.RoleOwner}, {UserID: two, Name: "Tom", Role: queries.RoleStaff}},
		Audit: []queries.LatestAuditRow{{At: noon, Action: "member.role", Who: "Anna", Detail: "staff"}}, Faults: Faults{"email": "Taken."}}),
	"Signup":  Signup(page, SignUp{Name: "Holm", Faults: Faults{"email": "Taken."}, Zones: []ui.Option{{Value: "UTC", Label: "UTC"}}, Currencies: []ui.Option{{Value: "GBP", Label: "GBP"}}}),
	"Wedding": Wedding(page, noon, queries.CoupleHomeRow{Names: "Anna & Tom", HeldOn: day, Timezone: "Europe/London", Venue: "Holm House"}),
	"Weddings": Weddings(page, WeddingList{Zone: "Europe/London", Rows: []queries.WeddingsRow{{ID: one, Title: "Kay & Fry", StartsLocal: &day, Timezone: "Asia/Tokyo", Venue: "Holm", Status: queries.BookingStatusConfirmed,
		ValueMinor: ptr(int64(250000)), ValueCurrency: "GBP"}, {ID: two, ClientName: "A", PartnerName: "B", Status: queries.BookingStatusCancelled}}}),
	"Weddings_empty": Weddings(page, WeddingList{}), "Weddings_past": Weddings(page, WeddingList{Past: true}),

	"Connection_rolling": Connection(page, ConnectionView{ID: one, Provider: queries.ProviderCustom, URL: "https://x/webhooks/custom/t", List: deliveries, Enough: 20,
		Secrets: []queries.LiveSecretsRow{{ID: one, CreatedAt: noon, Clean: 12, LastUsedAt: ptr(noon.Add(-3 * time.Minute))}, {ID: two, CreatedAt: noon}}}),
	"Delivery_retried": Delivery(page, DeliveryView{Now: noon, Zone: time.UTC, MayRun: true, Schedule: []time.Time{noon.Add(2 * time.Minute), noon.Add(6 * time.Minute)}, Row: queries.DeliveryByIDRow{ID: one,
		Status: queries.DeliveryStatusFailed, Error: "Not yet.", ReceivedAt: noon, NextTryAt: &noon, Attempts: 8, WeddingOn: &later, Source: queries.DeliverySourceImport}}),
	"Delivery_set_aside": Delivery(page, DeliveryView{Now: noon, Zone: time.UTC, MayRun: true, Row: queries.DeliveryByIDRow{ID: one, Status: queries.DeliveryStatusQuarantined, Error: late, ReceivedAt: noon}}),
	"Rehearsal":          Rehearsal(page, rehearsal), "Rehearsal_nothing": Rehearsal(page, RehearsalView{Now: noon}),
	"Rehearsal_in_vain": Rehearsal(page, RehearsalView{Now: noon, Of: 1, Back: "/app/repairs", Deliveries: rehearsal.Deliveries[1:2]}),
	"Repairs":           Repairs(page, repairs), "Repairs_nothing": Repairs(page, RepairsView{Now: noon}),
	"Repairs_nothing_like_that": Repairs(page, RepairsView{Now: noon, Groups: troubleRows, Filter: RepairFilter{Connection: &uuid.Nil}}),
	"Repairs_staff":             Repairs(page, RepairsView{Now: noon, Groups: troubleRows, List: repairs.List, Filter: RepairFilter{WeddingOn: &soon}}),
	"SecretMade":                SecretMade(page, NewlyMade{ID: one, Provider: queries.ProviderCustom, Proof: queries.SenderProofSigned, Secret: "whsec_1"}),
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, component := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			if err := component.Render(t.Context(), &got); err != nil {
				t.Fatal(err)
			}
			html := fingerprints.ReplaceAllString(strings.ReplaceAll(got.String(), "><", ">\n<")+"\n", "$1.")
			file := filepath.Join("testdata", name+".golden.html")
			if *update {
				if err := os.WriteFile(file, []byte(html), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v (go test ./views -update writes it)", err)
			}
			if html != string(want) {
				t.Errorf("differs from %s; look at it, then go test ./views -update\n%s", file, html)
			}
		})
	}
}

// Addresses of static files change with their content, which is not the page's business.
var fingerprints = regexp.MustCompile(`(/static/[a-z0-9.-]+?)\.[0-9a-f]{8,}\.`)

var declared = regexp.MustCompile(`(?m)^templ ([A-Z]\w*)\(`)

// TestEveryPageHasACase fails for a page that nobody drew here.
func TestEveryPageHasACase(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.templ")
	if err != nil || len(files) == 0 {
		t.Fatalf("no templates: %v", err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range declared.FindAllStringSubmatch(string(source), -1) {
			if cases[match[1]] == nil {
				t.Errorf("%s: %s has no case in golden_test.go", file, match[1])
			}
		}
	}
}

// TestEveryStateHasWords: a state without words would show as nothing, or as what machines call it.
func TestEveryStateHasWords(t *testing.T) {
	t.Parallel()
	words := map[string]string{}
	say := func(state, text string) {
		if other, twice := words[text]; text == "" || twice {
			t.Errorf("%s says %q, as does %q", state, text, other)
		}
		words[text] = state
	}
	for _, s := range queries.AllDeliveryStatusValues() {
		text, _ := fateWords(s)
		say("delivery "+string(s), text)
	}
	for _, s := range queries.AllPaymentStatusValues() {
		text, _ := paymentWords(s)
		say("payment "+string(s), text)
	}
	for _, s := range queries.AllTierValues() {
		say("tier "+string(s), tierName(s))
	}
	for _, s := range queries.AllRoleValues() {
		say("role "+string(s), RoleName(s))
	}
	for _, p := range queries.AllProviderValues() {
		say("provider "+string(p), ProviderName(p))
	}
	clear(words)
	for _, s := range queries.AllBookingStatusValues() {
		text, _ := bookingWords(s)
		say("booking "+string(s), text)
	}
}
