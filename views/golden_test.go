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
	"github.com/wedsync/wedsync/views/mail"
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

var inbox = InboxView{Stand: at, Now: noon, Older: "?before=1", Rows: []InboxItem{
	{ID: one, Status: queries.NotificationStatusDelivered, Urgent: true, At: noon, Title: "The florist <has not> arrived", Body: "Ceremony in 48 minutes.", Path: "/app/weddings"},
	{ID: two, Status: queries.NotificationStatusDelivered, At: noon, Title: "New booking: Kay & Fry"},
	{ID: one, Status: queries.NotificationStatusSeen, Urgent: true, At: noon.AddDate(0, 0, -1), Title: "No power", Path: "/app/weddings"},
	{ID: two, Status: queries.NotificationStatusAcknowledged, Urgent: true, At: noon.AddDate(0, 0, -2), Title: "No cake", Path: "/app/weddings"},
	{ID: two, Status: queries.NotificationStatusSeen, At: noon.AddDate(0, 0, -2), Title: "£500 paid"}}}

var deliveries = DeliveriesView{Stand: at, Now: noon, Rows: []queries.DeliveriesRow{
	{ID: one, EventID: "evt_1", EventType: "payment.completed", Status: queries.DeliveryStatusFailed, Attempts: 2, Error: "It was <500.00>.", ReceivedAt: noon.Add(-time.Hour)}}}

var wellness = Health{Tone: ui.Bad, Sentence: "2 deliveries could not be read.", Lines: []HealthLine{
	{About: "failed", Tone: ui.Bad, Words: "2 deliveries could not be read", Do: "Each is kept & says <why>.", Href: "?status=failed", Link: "Show them"},
	{About: "usual", Tone: ui.Warn, Words: "Tave usually sends 4 a day; nothing for 31 hours", Do: "Look in Tave."},
	{About: "waiting", Tone: ui.Neutral, Words: "1 delivery waits to be applied"},
	{About: "last", Tone: ui.Good, Words: "Last delivery", At: ptr(noon.Add(-31 * time.Hour))}}}

var (
	sentMail = OutboxItem{ID: one, Channel: "email", Carrier: "Resend", At: noon, From: "WedSync <hello@wedsync.example>", To: "a@example.com", ReplyTo: "ada@demo.example", Subject: "Confirm <this>",
		Preheader: "It is good for a day", Text: "Go to https://x.example/v?a=1&b=2.\n<b>", HTML: true, Status: "Bounced", Tone: ui.Bad, Acts: []OutboxAct{{"delivered", "Deliver"}},
		Told: []OutboxTold{{At: noon, What: "email.bounced", Answer: "WedSync answered 200 OK", Taken: true}, {At: noon, What: "email.opened", Answer: "WedSync answered 503"}}}
	sentText = OutboxItem{ID: two, Channel: "sms", Carrier: "Twilio", At: noon, From: "+15005550006", To: "+447700900123", Text: "Paid: https://x.example/p", Status: "Delivered", Tone: ui.Good,
		Acts: []OutboxAct{{"stop", "Reply STOP"}}, Replies: true}
	sentPush = OutboxItem{ID: two, Channel: "push", Carrier: "Push service", At: noon, To: "Ada’s phone", Subject: "A payment", Text: "Anna & Tom", Link: "/app/payments", Terms: "kept for 60 s", Status: "Taken",
		Acts: []OutboxAct{{"gone", "This device is gone"}}}
)

var cases = map[string]templ.Component{
	"Booking": Booking(page, someBooking), "Booking_refused": Booking(page, refusedBooking), "Booking_bare": Booking(page, BookingView{Now: noon, Zone: time.UTC, Row: queries.BookingPageRow{ID: two, Status: queries.BookingStatusEnquiry}}),
	"Calendar": Calendar(page, june("month")), "Calendar_week": Calendar(page, june("week")), "Calendar_agenda": Calendar(page, june("agenda")), "Calendar_empty": Calendar(page, CalendarView{View: "month", On: day, Today: day, Zone: "Europe/London", MayChange: true}),
	"CalendarLive": CalendarLive(calendarNews), "Free": Free(page, someFree), "HoldButton": HoldButton(day), "NewBooking": NewBooking(page, newBooking), "NewBooking_refused": NewBooking(page, refusedNew),
	"Resources": Resources(page, someResources), "Resources_empty": Resources(page, ResourcesView{Now: noon}), "Why": Why(page, someWhy), "Why_free": Why(page, WhyView{Now: noon, Zone: time.UTC, Asked: true, Said: "Sat 12 June", MayHold: true, HoldHref: "/app/bookings/new"}),
	"Activity": Activity(lately), "Activity_silence": Activity(ActivityView{Now: noon, Zone: time.UTC, Rows: []queries.LatestActivitiesRow{
		{At: noon, Kind: "connection_back", What: "after 36 hours", Provider: ptr(queries.ProviderTave)},
		{At: noon, Kind: "connection_silent", What: "it usually sends 4 a day; nothing for 31 hours", Provider: ptr(queries.ProviderTave)}}}),
	"App": App(page),
	"App_bell": App(Page{Title: "A page", Person: "Anna Hall", Org: "Holm House", Bell: &BellView{Stand: at, Unread: 3}, Emergency: Emergency(EmergencyView{Stand: at, Rows: inbox.Rows[:1]}),
		FrameLive: "inbox%3A1=7&emergency%3A1=7"}),
	"Bell": Bell(BellView{Stand: at, Unread: 100}), "Bell_silent": Bell(BellView{}),
	"Emergency": Emergency(EmergencyView{Stand: at, Rows: inbox.Rows[:1]}), "Emergency_none": Emergency(EmergencyView{}),
	"Inbox": Inbox(page, inbox), "Inbox_empty": Inbox(page, InboxView{Now: noon}),
	"InboxLetters":  InboxLetters(InboxView{Stand: at, Now: noon, Rows: inbox.Rows[3:]}),
	"Clients":       Clients(page, "kay", noon, []queries.ClientsRow{{ID: one, Name: "Anna Kay", PartnerName: "Tom Fry", Email: "a@example.com", CreatedAt: noon}}),
	"Clients_empty": Clients(page, "", noon, nil), "Clients_nobody": Clients(page, "<x>", noon, nil),
	"Connection": Connection(page, ConnectionView{ID: one, Provider: queries.ProviderStripe, URL: "https://x/webhooks/stripe/t", Search: "a", Status: "failed", Older: "?before=1", List: deliveries,
		Secrets: []queries.LiveSecretsRow{{ID: one, CreatedAt: noon}, {ID: two, CreatedAt: noon, ExpiresAt: &noon}}, SecretFault: "Too short.",
		Health: HealthView{Stand: at, ID: one, Now: noon, Health: wellness}, Days: []queries.ArrivedDaysRow{{Day: noon.AddDate(0, 0, -3), Arrived: 4}, {Day: noon, Arrived: 1}}}),
	"ConnectionMade":        ConnectionMade(page, NewlyMade{ID: one, Provider: queries.ProviderStripe, URL: "https://x", Secret: "whsec_1"}),
	"ConnectionMade_key":    ConnectionMade(page, NewlyMade{ID: one, Provider: queries.ProviderCustom, Proof: queries.SenderProofStaticKey, URL: "https://x", Secret: "whsec_1"}),
	"ConnectionMade_signed": ConnectionMade(page, NewlyMade{ID: one, Provider: queries.ProviderCustom, Proof: queries.SenderProofSigned, URL: "https://x", Secret: "whsec_1"}),
	"Connections": Connections(page, []ConnectionCard{{ID: one, Provider: queries.ProviderTave, Health: wellness},
		{ID: two, Provider: queries.ProviderCustom, Proof: queries.SenderProofStaticKey, Health: Health{Tone: ui.Neutral, Sentence: "Nothing has arrived yet."}}}),
	"Connections_empty": Connections(page, nil),
	"Couple":            Couple(page),
	"Dashboard":         Dashboard(page, Today{KPIs: kpis, Weddings: weddings, Activity: lately}),
	"Dashboard_fresh":   Dashboard(page, Today{KPIs: KPIsView{Row: queries.KPIsRow{Currency: "JPY"}}, Weddings: WeddingsView{Now: noon}, Activity: ActivityView{Now: noon, Zone: time.UTC}, Fresh: true}),
	"Deliveries":        Deliveries(deliveries), "Deliveries_empty": Deliveries(DeliveriesView{}), "Deliveries_nothing": Deliveries(DeliveriesView{Filtered: true}),
	"Delivery": Delivery(page, DeliveryView{Now: noon, Zone: time.UTC, Body: `{"a":"<b>"}`, Normalised: `{}`, MayRun: true, ReadBy: "your reading 3", Row: queries.DeliveryByIDRow{ID: one, EventID: "evt_1",
		Status: queries.DeliveryStatusFailed, Error: "No amount.", ReceivedAt: noon, ContentType: "application/json", Proof: "wedsync"},
		Attempts: []queries.AttemptsOfRow{{Attempt: 1, At: noon, Outcome: queries.DeliveryStatusFailed, Error: "No amount."}}}),
	"Delivery_waiting": Delivery(page, DeliveryView{Now: noon, Zone: time.UTC, Row: queries.DeliveryByIDRow{ID: one, Status: queries.DeliveryStatusAccepted, ReceivedAt: noon, Proof: "stripe"}}),
	"Error":            Error(page, Trouble{Happened: "It broke.", Kept: "All is kept.", Do: "Try again.", Reference: "ABC", Href: "/", Label: "To the start"}),
	"Guide":            Guide(page, GuideView{ID: one, Provider: queries.ProviderStripe, URL: "https://x/webhooks/stripe/t", Account: "<b>", AccountFault: "Not an account."}),
	"Guide_key":        Guide(page, GuideView{ID: one, Provider: queries.ProviderLightblue, Proof: queries.SenderProofStaticKey, URL: "https://x", Label: "template"}),
	"Guide_bell":       Guide(page, GuideView{ID: one, Provider: queries.ProviderTave, Proof: queries.SenderProofDoorbell, URL: "https://x", Label: "template"}),
	"Guide_signed":     Guide(page, GuideView{ID: one, Provider: queries.ProviderCustom, Proof: queries.SenderProofSigned, URL: "https://x", Trouble: "refused"}),
	"Imports": Imports(page, ImportsView{Now: noon, May: true, Connection: two.String(), Faults: Faults{"file": "This is a PDF."}, Connections: []queries.ConnectionsRow{{ID: one, Provider: queries.ProviderTave}, {ID: two, Provider: queries.ProviderTave, CreatedAt: noon}},
		Rows: []queries.ImportsRow{{ID: one, Provider: queries.ProviderTave, Filename: "a<b>.csv", Rows: 12, Status: queries.ImportStatusDone, CreatedAt: noon}}}),
	"Imports_empty":   Imports(page, ImportsView{Now: noon, Connections: []queries.ConnectionsRow{{ID: one}}}),
	"Imports_nowhere": Imports(page, ImportsView{Now: noon, May: true}),
	"Import": Import(page, ImportView{Row: sheetRow, May: true, Missing: []string{"Say how the dates are written."}, Preview: sheetSample, Faults: sheetFaults,
		Dates:  []ui.Option{{Value: "day_first", Label: "The day first", Hint: "12/06/2027 is Sat 12 June 2027"}, {Value: "month_first", Label: "The month first", Hint: "12/06/2027 is Mon 6 December 2027"}},
		Fields: []ui.Input{{Name: "column.date", Label: "Wedding date", Value: "1", Optional: true, Options: []ui.Option{{Label: "Not in this list"}, {Value: "1", Label: "Date"}}}}}),
	"Import_ready":         Import(page, ImportView{Row: sheetAt(queries.ImportStatusMapped, 0), May: true, Preview: sheetSample}),
	"Import_staff":         Import(page, ImportView{Row: sheetRow}),
	"ImportUnderWay":       ImportUnderWay(page, ImportProgressView{Stand: at, Row: sheetAt(queries.ImportStatusRunning, 1500)}),
	"ImportUnderWay_ended": ImportUnderWay(page, ImportProgressView{Stand: at, Row: sheetAt(queries.ImportStatusFailed, 1500)}),
	"ImportProgress":       ImportProgress(ImportProgressView{Stand: at, Row: sheetAt(queries.ImportStatusDone, 2600), Faults: sheetFaults}),
	"ImportProgress_gone":  ImportProgress(ImportProgressView{}),
	"KPIs":                 KPIs(kpis),
	"Landing":              Landing(page),
	"Login":                Login(page, SignIn{Email: `a"b`, Next: "/app", Error: "No."}),
	"Mapping":              Mapping(page, mapping(3)),
	"Mapping_empty":        Mapping(page, MappingView{ID: one, Provider: queries.ProviderHoneybook, URL: "https://x/webhooks/honeybook/t", Zone: time.UTC, Preview: PreviewView{Zone: time.UTC}}),
	"Mapping_typed":        Mapping(page, mapping(101)),
	"MappingTried":         MappingTried(mapping(3)),
	"NewConnection":        NewConnection(page, NewConnectionForm{Provider: queries.ProviderStripe, Proof: queries.SenderProofSigned, Faults: Faults{"secret": "Too short."}}),
	"NewConnectionButton":  NewConnectionButton(),
	"NextWeddings":         NextWeddings(weddings), "NextWeddings_empty": NextWeddings(WeddingsView{Now: noon}),
	"Endpoints": Endpoints(page, noon, []queries.EndpointsRow{{ID: one, Name: "Zapier <b>", LastMessageAt: &noon, Failures: 3, Waiting: 2, GivenUp: 1, Types: []string{"booking.created", "payment.completed"}},
		{ID: two, Name: "Make", DisabledAt: &noon, DisabledWhy: "It answered 410."}}),
	"Endpoints_empty":   Endpoints(page, noon, nil),
	"NewEndpointButton": NewEndpointButton(),
	"PushSwitch":        PushSwitch("BKey", []PushDevice{{ID: one, Endpoint: "https://push.example/a?b=c&d=<e>", Label: "Chrome on <Android>", Since: noon, LastUsed: &day, Failed: "It answered 503."}, {ID: two, Since: noon}}),
	"NewEndpoint": NewEndpoint(page, NewEndpointForm{Name: "Zapier", URL: "http://x", All: []string{"booking.created", "payment.completed"}, Wanted: []string{"payment.completed"},
		Faults: Faults{"url": "Not that.", "type": "Choose from the list."}}),
	"EndpointMade":         EndpointMade(page, EndpointSecret{ID: one, Secret: "whsec_1"}),
	"EndpointMade_renewed": EndpointMade(page, EndpointSecret{ID: one, Secret: "whsec_2", Renewed: true}),
	"Endpoint":             Endpoint(page, endpointView(queries.EndpointByIDRow{ID: one, Name: "Zapier", URL: "https://x/<y>", CreatedAt: noon, Failures: 3, FailingSince: &noon, OldSecretUntil: &day, Waiting: 1, GivenUp: 1})),
	"Endpoint_off":         Endpoint(page, endpointView(queries.EndpointByIDRow{ID: one, Name: "Zapier", CreatedAt: noon, DisabledAt: &noon, DisabledWhy: "It answered 410 (Gone)."})),
	"Endpoint_new":         Endpoint(page, EndpointView{Now: noon, Zone: time.UTC, Row: queries.EndpointByIDRow{ID: one, CreatedAt: noon, Types: []string{"booking.created"}}}),
	"Endpoint_none":        Endpoint(page, EndpointView{Now: noon, Zone: time.UTC, Status: "failed", Row: queries.EndpointByIDRow{ID: one, CreatedAt: noon}}),
	"Message":              Message(page, messageView(queries.MessageStatusPending, &day, nil)),
	"Message_held":         Message(page, messageView(queries.MessageStatusPending, nil, &noon)),
	"Message_failed":       Message(page, messageView(queries.MessageStatusFailed, nil, nil)),
	"Message_delivered":    Message(page, messageView(queries.MessageStatusDelivered, nil, nil)),
	"Operations":           Operations(page, OperationsView{Now: noon, Streams: 2, Findings: []Finding{{What: "Database", Healthy: true, Words: "answers"}, {What: "Deliveries", Words: "wait"}}}),
	"OperationsLinks":      OperationsLinks(),
	"Payments": Payments(page, []queries.PaymentsRow{{ID: one, Status: queries.PaymentStatusCompleted, AmountMinor: 50000, Currency: "GBP", RefundedMinor: 100, PayerEmail: "a@example.com", PaidAt: &noon},
		{ID: two, Status: queries.PaymentStatusFailed, AmountMinor: 5, Currency: "JPY", Failure: "Declined.", UpdatedAt: noon}}),
	"Payments_empty": Payments(page, nil),
	"Plain":          Plain(page),
	"Public":         Public(page),
	"Readback": Readback(page, ReadbackView{ID: one, Now: noon, HasKey: true, Studio: &ReadbackStudio{Name: "Kay <Photography>", Currency: "GBP"}, Polling: Polling{At: &noon, Next: noon},
		Bell: true, Unit: queries.MoneyUnitMajor, Example: &UnitExample{Title: "Kay & Fry", Small: "£25.00", Large: "£2,500.00"},
		Hooks: []HookView{{Event: "job.created", Words: HookWords("job.created"), ID: "01h"}, {Event: "order.booked", Words: HookWords("order.booked")}}}),
	"Readback_empty":   Readback(page, ReadbackView{ID: one, Now: noon, KeyFault: "Tave refused the API key."}),
	"Readback_refused": Readback(page, ReadbackView{ID: one, Now: noon, HasKey: true, Fault: "Not done.", Polling: Polling{Stopped: true, Trouble: "Tave refused the API key."}}),
	"Readback_silent":  Readback(page, ReadbackView{ID: one, Now: noon, HasKey: true, Silence: "Tave does not answer.", Polling: Polling{Next: noon}}),
	"Readback_trouble": Readback(page, ReadbackView{ID: one, Now: noon, HasKey: true, Polling: Polling{Next: noon, Trouble: "Tave asks WedSync to slow down."}}),
	"Outbox": Outbox(page, OutboxView{Emails: 1200, Texts: 1, Pushes: 2, Recipients: []string{"a@example.com", "Ada’s phone"}, Days: []OutboxDay{{Title: "Today", Items: []OutboxItem{sentMail, sentText, sentPush,
		{ID: two, Channel: "push", Carrier: "Push service", At: noon, To: "Ada’s phone", Fault: "Sealed for <others>.", Status: "Taken"}}}}, Older: 1, Carriers: []OutboxCarrier{
		{Key: "resend", Name: "Resend", Trouble: "down", Alone: "Forget 1 bounced address", Options: []ui.Option{{Value: "", Label: "All is well"}, {Value: "down", Label: "Down"}}}}}),
	"Outbox_empty": Outbox(page, OutboxView{}), "Outbox_none": Outbox(page, OutboxView{Channel: "sms", To: "a&b@example.com"}),
	"OutboxLetter": OutboxLetter(page, sentMail), "OutboxLetter_text": OutboxLetter(page, sentText), "OutboxLetter_push": OutboxLetter(page, sentPush),
	"OutboxLetter_smtp": OutboxLetter(page, OutboxItem{ID: one, Channel: "email", Carrier: "Mail server", At: noon, To: "a@example.com", Text: "Hello", Status: "Taken"}),
	"Sandbox": Sandbox(page, SandboxView{People: []DemoPerson{{"ada", "Ada", "Owner"}}, Orgs: []SandboxOrg{{ID: one, Name: "Holm House", Senders: []SandboxSender{
		{Provider: queries.ProviderStripe, Buttons: []SandboxButton{{"k", "Pay", "hint"}}}}}}, Sent: &SandboxSent{Label: "Pay", Answer: "Accepted", Status: 202, Body: "{}"}}),
	"SandboxConsent": SandboxConsent(Page{Title: "Sign in"}, SandboxConsentView{Provider: "Google", Action: "/sandbox/google/o/oauth2/auth", Asked: []SandboxAsked{{"state", "a<b"}},
		Accounts: []SandboxAccount{{"ada@gmail.example", "Ada"}, {"henry@gmail.example", "Henry"}}}),
	"SandboxConsent_wrong": SandboxConsent(Page{Title: "Sign in"}, SandboxConsentView{Provider: "Google", Words: "Error 400: redirect_uri_mismatch."}),
	"SandboxCalendars": SandboxCalendars(page, SandboxCalendarsView{Side: "google", SideName: "Google", Sides: []ui.Option{{Value: "google", Label: "Google"}, {Value: "microsoft", Label: "Microsoft"}},
		Account: "ada@gmail.example", Accounts: []SandboxAccount{{"ada@gmail.example", "Ada"}, {"henry@gmail.example", "Henry"}}, Calendars: []ui.Option{{Value: "c1", Label: "Ada"}},
		Days: []SandboxCalendarDay{{Title: "Tue 1 December 2026", Events: []SandboxCalendarEvent{
			{Key: "0", Calendar: "c1", CalendarName: "Ada", ID: "e1", Title: "Dentist <x>", Venue: "Rye", When: "09:30–10:15", On: "2026-12-01", Tentative: true, Series: true},
			{Key: "1", Calendar: "c2", CalendarName: "Holidays", ID: "e2", Title: "A holiday", When: "The whole day", Day: true, Free: true, Fixed: true},
			{Key: "2", Calendar: "c1", CalendarName: "Ada", ID: "e3", Title: "Kay & Fry", When: "12:00–23:00", On: "2026-12-01", Ours: true}}}},
		Faults: Faults{"on": "Choose a day."}, New: SandboxNewEvent{Title: "Lunch"}, Trouble: "down", Troubles: []ui.Option{{Value: "", Label: "All is well"}, {Value: "down", Label: "Down"}},
		Acts: []ui.Option{{Value: "tokens", Label: "Forget"}}}),
	"SandboxCalendars_empty": SandboxCalendars(page, SandboxCalendarsView{Side: "google", SideName: "Google"}),
	"Settings": Settings(page, SettingsView{Now: noon, Org: queries.Org{Name: "Holm House", Region: "GB", Timezone: "Europe/London", Currency: "GBP", Tier: queries.TierScale}, Me: one, Owner: true, Regions: []ui.Option{{Value: "FR", Label: "France"}, {Value: "GB", Label: "United Kingdom"}},
		Team:  []queries.TeamRow{{UserID: one, Name: "Anna", Role: queries.RoleOwner}, {UserID: two, Name: "Tom", Role: queries.RoleStaff}},
		Audit: []queries.LatestAuditRow{{At: noon, Action: "member.role", Who: "Anna", Detail: "staff"}}, Faults: Faults{"email": "Taken."}}),
	"Wordings":        Wordings(page, WordingsView{Now: noon, Changed: map[string]time.Time{"booking.couple": noon.Add(-time.Hour)}, Couples: []string{"payment"}, Colour: "#4f7a5b", ReplyTo: "hello@example.com"}),
	"Wordings_wrong":  Wordings(page, WordingsView{Now: noon, Colour: "<red>", ReplyTo: "x", Faults: Faults{"colour": "Not a colour.", "reply_to": "Not an address."}}),
	"Wording":         Wording(page, wordingOf(nil, "Kay & Fry")),
	"Wording_wrong":   Wording(page, wordingOf(Faults{"subject": "There is no {{venu}} here.", "opening": "A {{ is not closed."}, "")),
	"Wording_untold":  Wording(page, refusedOf(false)),
	"Wording_refused": Wording(page, refusedOf(true)),
	"WordingShown":    WordingShown(WordingPreview{Letter: mail.Write(mail.Example(mail.Invite), mail.Brand{Name: "<b>"}, mail.Reader{Audience: mail.Team}, mail.Wording{Closing: "A\nB"}, mail.Links{Base: "https://x"})}),
	"Signup":          Signup(page, SignUp{Name: "Holm", Faults: Faults{"email": "Taken."}, Zones: []ui.Option{{Value: "UTC", Label: "UTC"}}, Currencies: []ui.Option{{Value: "GBP", Label: "GBP"}}}),
	"Wedding":         Wedding(page, noon, queries.CoupleHomeRow{Names: "Anna & Tom", HeldOn: day, Timezone: "Europe/London", Venue: "Holm House"}),
	"Weddings": Weddings(page, WeddingList{Zone: "Europe/London", Rows: []queries.WeddingsRow{{ID: one, Title: "Kay & Fry", StartsLocal: &day, Timezone: "Asia/Tokyo", Venue: "Holm", Status: queries.BookingStatusConfirmed,
		ValueMinor: ptr(int64(250000)), ValueCurrency: "GBP"}, {ID: two, ClientName: "A", PartnerName: "B", Status: queries.BookingStatusCancelled}}}),
	"Weddings_empty": Weddings(page, WeddingList{}), "Weddings_past": Weddings(page, WeddingList{Past: true}),
	"Activity_empty":   Activity(ActivityView{Now: noon, Zone: time.UTC}),
	"ConnectionHealth": ConnectionHealth(HealthView{Stand: at, ID: one, Now: noon, Health: wellness}), "ConnectionHealth_nobodys": ConnectionHealth(HealthView{Now: noon}),
	"Integrations": Integrations(page, IntegrationsView{Now: noon, Totals: queries.AllOrgsWellnessRow{Connections: 3, Silent: 1, Dead: 4, LateLanes: 1, Waiting: 12, LagSeconds: 125},
		Rows: []queries.AllOrgsIntegrationsRow{{ID: one, Org: "Holm <House>", Provider: queries.ProviderTave, Unusual: true, Dead: 4, Waiting: 12, OldestAt: noon.Add(-125 * time.Second), WeddingOn: day, LastAt: noon, SilentSince: &noon},
			{ID: two, Org: "Kay", Provider: queries.ProviderStripe}, {ID: two, Org: "Late", OldestAt: noon.Add(-time.Hour)}, {ID: two, Org: "Unread", Trouble: "x"}, {ID: two, Org: "Away", BreakerSince: noon}, {ID: two, Org: "Quiet", SilentSince: &noon}},
		DeadLetters: []queries.AllOrgsDeadLettersRow{{WeddingOn: day, Org: "Holm <House>", Cause: "No amount.", Status: queries.DeliveryStatusFailed, Deliveries: 3}, {Org: "Kay", Status: queries.DeliveryStatusDead, Deliveries: 1}},
		Breakers:    []OpenBreaker{{Org: "Holm <House>", Peer: "tave:" + one.String(), Since: noon.Add(-4 * time.Minute), Until: noon.Add(2 * time.Minute), Failures: 5}}}),
	"Integrations_empty": Integrations(page, IntegrationsView{Now: noon}),
	"IntegrationsLinks":  IntegrationsLinks(),
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
	"Forgot":                    Forgot(page, ForgotForm{Email: "<b>", Fault: "Give an address."}), "Forgot_sent": Forgot(page, ForgotForm{Sent: true}),
	"Login_sent":        Login(page, SignIn{Sent: true}),
	"Magic":             Magic(page, LinkPage{Token: "t", Name: "Anna <Kay>", Address: "anna@example.com", Stranger: "Tom <Fry>"}),
	"Person":            Person(noon, PersonView{Form: PersonForm{Name: "<b>", Email: "x", Faults: Faults{"email": "Give an address."}}, UnderWay: "new@example.com", Others: 2, Devices: []Device{{Label: "Firefox on Windows", First: noon.Add(-time.Hour), Last: noon, Here: true}, {Label: "Safari on iPhone", First: noon.Add(-time.Hour), Last: noon.Add(-time.Minute)}}}),
	"Person_new":        Person(noon, PersonView{Form: PersonForm{Name: "Anna", Email: "anna@example.com"}}),
	"Reset":             Reset(page, LinkPage{Token: "t", Name: "Anna <Kay>", Address: "anna@example.com", Fault: "Too short."}),
	"Unsubscribe":       Unsubscribe(page, UnsubscribeView{Token: "t", Org: "Holm <House>", Address: "anna@example.com"}),
	"Unsubscribe_again": Unsubscribe(page, UnsubscribeView{Token: "t", Org: "Holm <House>", Address: "anna@example.com", Again: true}),
	"Unsubscribe_done":  Unsubscribe(page, UnsubscribeView{Token: "t", Org: "Holm <House>", Address: "anna@example.com", Category: "Payments", Done: true}),
	"Unproven":          Unproven("anna@example.com"),
	"Verify":            Verify(page, LinkPage{Token: "t", Name: "Anna Kay", Address: "anna@example.com"}),
	"Verify_done":       Verify(page, LinkPage{Address: "anna@example.com", Done: true}),
	"Verify_signin":     Verify(page, LinkPage{Name: "Anna Kay", Address: "anna@example.com", SignIn: "/login?next=x"}),
	"Preferences": Preferences(page, preferencesView(func(v *PreferencesView) {
		v.Preview = lastMonth
		v.Devices = templ.Raw("<p>Two browsers</p>")
	})),
	"Preferences_first": Preferences(page, preferencesView(func(v *PreferencesView) {
		v.EmailProven, v.Pushes, v.Phone, v.Lacks, v.Tier, v.From, v.Until = false, false, PhoneView{Country: "United Kingdom"}, map[queries.Channel]bool{queries.ChannelSms: true}, queries.TierFree, "", ""
	})),
	"Preferences_code": Preferences(page, preferencesView(func(v *PreferencesView) { v.Phone.Proven, v.Phone.Waits = false, true })),
	"Preferences_wrong": Preferences(page, preferencesView(func(v *PreferencesView) {
		v.Faults = Faults{"bookings-email": "Choose it.", "quiet_from": "Say from when.", "phone": "This is <no> number.", "code": "Not the code."}
		v.Rows[0].Cells[0].Error, v.Phone.Typed, v.Phone.Proven = "Choose it.", `07"<x>`, false
		v.Wrong = []ui.Fault{{Field: "bookings-email", Message: "Choose it."}, {Field: "phone", Message: "This is <no> number."}}
	})),
	"Preferences_stopped":   Preferences(page, preferencesView(func(v *PreferencesView) { v.Phone.Why, v.EmailWhy = "stopped", "bounced" })),
	"PreferencesTried":      PreferencesTried(lastMonth),
	"PreferencesTried_kept": PreferencesTried(PreviewOfWishes{Kept: true}),
	"SecretMade":            SecretMade(page, NewlyMade{ID: one, Provider: queries.ProviderCustom, Proof: queries.SenderProofSigned, Secret: "whsec_1"}),
}

var lastMonth = PreviewOfWishes{Notices: 41, Held: 3, Bundled: 12, Full: true, Channels: []ChannelCount{{Channel: queries.ChannelEmail, Messages: 9, AtOnce: 4, Held: 1, Bundled: 12, Bundles: 4},
	{Channel: queries.ChannelPush, Messages: 29, AtOnce: 26, Held: 3}, {Channel: queries.ChannelSms}, {Channel: queries.ChannelInApp, Messages: 41, AtOnce: 41}},
	Lines: []PreviewLine{{At: noon, Title: "Kay <& Fry> is confirmed", Words: "By push at once, by e-mail, gathered, at 08:00"}, {At: noon.Add(-time.Hour), Title: "£500.00 paid", Words: "In WedSync only"}}}

func preferencesView(change func(*PreferencesView)) PreferencesView {
	every, yes := []queries.Pace{queries.PaceAtOnce, queries.PaceDaily, queries.PaceWeekly, queries.PaceOff}, []queries.Pace{queries.PaceAtOnce, queries.PaceOff}
	row := func(key, title string, email, push, sms queries.Pace, texts []queries.Pace) PreferenceRow {
		return PreferenceRow{Key: key, Title: title, Words: "What is in it", Cells: []PreferenceCell{{Channel: queries.ChannelEmail, Name: key + ".email", ID: key + "-email", Pace: email, Offers: every},
			{Channel: queries.ChannelPush, Name: key + ".push", ID: key + "-push", Pace: push, Offers: yes}, {Channel: queries.ChannelSms, Name: key + ".sms", ID: key + "-sms", Pace: sms, Offers: texts}}}
	}
	fixed := PreferenceRow{Key: "security", Title: "Your account", Words: "Always, by e-mail", Fixed: true, Cells: []PreferenceCell{{Channel: queries.ChannelEmail, Pace: queries.PaceAtOnce, Offers: yes[:1]},
		{Channel: queries.ChannelPush, Pace: queries.PaceOff, Offers: yes[1:]}, {Channel: queries.ChannelSms, Pace: queries.PaceOff, Offers: yes[1:]}}}
	v := PreferencesView{Zone: "", Zones: []ui.Option{{Label: "As your business"}, {Value: "Asia/Tokyo", Label: "Asia/Tokyo"}}, OrgZone: "Europe/London", From: "22:00", Until: "07:00", Email: "anna@example.com", EmailProven: true,
		Pushes: true, Tier: queries.TierScale, Phone: PhoneView{Number: "+447911123456", Typed: "+447911123456", Proven: true, Country: "United Kingdom"},
		Rows: []PreferenceRow{row("bookings", "Bookings", queries.PaceAtOnce, queries.PaceAtOnce, queries.PaceAtOnce, yes), row("clients", "Clients <&>", queries.PaceDaily, queries.PaceOff, queries.PaceOff, yes[1:]), fixed}}
	change(&v)
	return v
}

func endpointView(row queries.EndpointByIDRow) EndpointView {
	return EndpointView{Now: noon, Zone: time.UTC, Row: row, MayChange: true, Older: "?before=1", Rows: []queries.MessagesRow{
		{ID: one, EventType: "booking.created", Status: queries.MessageStatusPending, Attempts: 2, NextTryAt: &day, LastError: "x.example did <not> answer", CreatedAt: noon},
		{ID: two, EventType: "wedsync.test", Status: queries.MessageStatusFailed, Attempts: 1, CreatedAt: noon}, {ID: two, EventType: "payment.completed", Status: queries.MessageStatusDelivered, CreatedAt: noon}}}
}

func messageView(s queries.MessageStatus, next, disabled *time.Time) MessageView {
	return MessageView{Now: noon, Zone: time.UTC, Body: `{"a":"<b>"}`, MayRun: true, Row: queries.MessageByIDRow{ID: one, EndpointID: two, SourceID: two, EventType: "booking.created", HappenedAt: noon, Status: s,
		Attempts: 2, NextTryAt: next, LastError: "x.example did not answer", Endpoint: "Zapier", DisabledAt: disabled},
		Attempts: []queries.MessageAttemptsRow{{Attempt: 1, At: noon, Error: "x.example did not answer", TookMs: 15000}, {Attempt: 2, At: noon, Status: ptr(int32(204)), TookMs: 120}}}
}

func mapping(leaves int) MappingView {
	v := MappingView{ID: one, Provider: queries.ProviderHoneybook, Zone: time.UTC, Samples: []ui.Option{{Value: one.String(), Label: "New Inquiry, today"}}, Sample: one.String(), Left: 1,
		KindPath: "type", Words: []MappingWord{{ID: "means-1", Word: "New <Inquiry>", Means: "booking.created"}}, Happenings: []ui.Option{{Value: "booking.created", Label: "A new enquiry"}},
		Groups:    []MappingGroup{{Title: "The booking", Fields: []MappingField{{Name: "booking.external_id", Label: "Booking's own id", Path: "gone"}, {Name: "booking.venue", Label: "Venue", Text: "Holm", TakesText: true}}}},
		Elsewhere: []MappingLeaf{{Path: "refund_id", Shown: "R1", Type: "text"}}, Unit: "major", Currency: "GBP", Faults: Faults{"path-booking-external_id": "Choose it."}, Wrong: []ui.Fault{{Field: "path-booking-external_id", Message: "Choose it."}}, Next: 3, Kept: "2", InUse: 2,
		Versions: []queries.MappingsRow{{Version: 2, MadeAt: noon, MadeBy: "Anna"}, {Version: 1, MadeAt: noon}},
		Preview: PreviewView{Zone: time.UTC, Read: 2, Ignored: 1, Lost: 1, TooBig: 1, Rows: []PreviewRow{
			{ID: one, At: noon, What: "New <Inquiry>", Becomes: "A new enquiry", Who: "Kay & Fry", On: &day, Amount: &queries.Money{Minor: 250000, Currency: "GBP"}, Change: ChangeFound},
			{ID: two, At: noon, Becomes: "A new enquiry", On: &day, WholeDay: true, Change: ChangeNone},
			{ID: two, At: noon, Ignored: true, Reason: "Not used.", Change: ChangeDiffs}, {ID: two, At: noon, Reason: "No <id>.", Change: ChangeLost}}}}
	for i := range leaves {
		v.Leaves = append(v.Leaves, MappingLeaf{Path: "field" + string(rune('a'+i)), Shown: "<value>", Type: "text"})
	}
	return v
}

func wordingOf(faults Faults, wedding string) WordingView {
	w := mail.Wording{Subject: "For <{{couple}}>", Opening: "{{news}}", Closing: "Yours"}
	reader := mail.Reader{Audience: mail.Couple}
	letter := mail.Write(mail.Example(mail.Payment), mail.Brand{Name: "Holm House"}, reader, w, mail.Links{})
	return WordingView{Kind: mail.Payment, Audience: mail.Couple, Wording: w, Ours: mail.Write(mail.Example(mail.Payment), mail.Brand{Name: "Holm House"}, reader, mail.Wording{}, mail.Links{}),
		Changed: wedding != "", Faults: faults, Preview: WordingPreview{Letter: letter, Wedding: wedding, Wrong: WordingFaults(faults)}, Couples: wedding != "", Test: WordingTest{To: "maya@example.com"}}
}

// refusedOf is a letter whose test cannot go.
func refusedOf(asked bool) WordingView {
	v := wordingOf(nil, "")
	v.Test = WordingTest{Refused: "E-mail is <not> set up.", Asked: asked}
	return v
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
	for _, s := range queries.AllImportStatusValues() {
		text, _ := importWords(s)
		say("import "+string(s), text)
	}
	clear(words)
	for _, p := range queries.AllPaceValues() {
		say("pace "+string(p), paceWords(p))
	}
	for _, ch := range queries.AllChannelValues() {
		say("channel "+string(ch), channelName(ch))
		say("by channel "+string(ch), ChannelBy(ch))
	}
	clear(words)
	for _, s := range queries.AllBookingStatusValues() {
		text, _ := bookingWords(s)
		say("booking "+string(s), text)
	}
}
