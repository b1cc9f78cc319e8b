package mail

import (
	"cmp"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	update = flag.Bool("update", false, "write the golden files anew")
	render = flag.String("render", "", "a folder to which every letter is written as mail clients get it")
)

func ptr[T any](v T) *T { return &v }

var (
	saturday = time.Date(2027, 6, 12, 14, 0, 0, 0, time.UTC)
	tuesday  = time.Date(2027, 5, 4, 9, 12, 0, 0, time.UTC)
	florist  = Brand{Name: "Wild Thyme Flowers", Colour: "#4f7a5b"}
	links    = Links{Base: "https://wedsync.example", Unsubscribe: "https://wedsync.example/u/9f2c4a", Acknowledge: "https://wedsync.example/a/7d1e"}
)

func london(t testing.TB) *time.Location {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func kayAndFry(k Kind, what string) News {
	return News{Kind: k, What: what, Who: "Anna Kay & Tom Fry", Title: "Kay & Fry", Starts: &saturday, Ends: ptr(saturday.Add(9 * time.Hour)), Zone: "Europe/London",
		Venue: "Holm House", At: tuesday, Path: "/app/weddings"}
}

func paid(k Kind, what, detail string) News {
	n := kayAndFry(k, what)
	n.AmountMinor, n.Currency, n.Detail, n.Path = ptr(int64(50000)), "GBP", detail, "/app/payments"
	return n
}

func with(n News, detail, path string) News {
	n.Detail, n.Path = cmp.Or(detail, n.Detail), cmp.Or(path, n.Path)
	return n
}

func account(what, link, code, detail string, lasts time.Duration) News {
	n := News{Kind: Security, What: what, Link: link, Code: code, Detail: detail, At: tuesday, Path: "/app/settings"}
	if lasts > 0 {
		n.Ends = ptr(tuesday.Add(lasts))
	}
	return n
}

func happened() []News {
	harper := News{Kind: Booking, What: "booking_confirmed", Who: "Isla Harper & Noor Aziz", Title: "Harper & Aziz", Starts: ptr(saturday.AddDate(0, 1, 5)), Venue: "The Old Mill, Lower Slaughter", At: tuesday, Path: "/app/weddings"}
	return []News{kayAndFry(Booking, "booking_new"), harper, paid(Payment, "payment_completed", "Deposit for the flowers"), paid(Payment, "payment_completed", "Second part"),
		kayAndFry(Booking, "booking_cancelled"), with(kayAndFry(ClientChange, "client_changed"), "A new phone number", "/app/clients")}
}

func week() []News {
	first := with(kayAndFry(WeddingWeek, ""), "", "")
	second := News{Kind: WeddingWeek, Who: "Isla Harper & Noor Aziz", Title: "Harper & Aziz", Starts: ptr(saturday.AddDate(0, 0, 1).Add(-3 * time.Hour)), Venue: "The Old Mill, Lower Slaughter", Path: "/app/weddings"}
	return []News{first, second}
}

// examples are one piece of news for each thing that can happen.
var examples = map[string]News{
	"booking/booking_new":         kayAndFry(Booking, "booking_new"),
	"booking/booking_confirmed":   kayAndFry(Booking, "booking_confirmed"),
	"booking/booking_changed":     with(kayAndFry(Booking, "booking_changed"), "The ceremony now begins at 14:00, not 13:00", ""),
	"booking/booking_cancelled":   kayAndFry(Booking, "booking_cancelled"),
	"payment/payment_completed":   paid(Payment, "payment_completed", "Deposit for the flowers"),
	"payment/dispute_won":         paid(Payment, "dispute_won", ""),
	"refund/payment_refunded":     paid(Refund, "payment_refunded", "Two arches fewer"),
	"refund/refund_early":         paid(Refund, "refund_early", ""),
	"failed/payment_failed":       paid(FailedPayment, "payment_failed", "The card was declined"),
	"failed/payment_disputed":     paid(FailedPayment, "payment_disputed", "Not recognised by the card holder"),
	"failed/dispute_lost":         paid(FailedPayment, "dispute_lost", ""),
	"client/client_new":           {Kind: ClientChange, What: "client_new", Who: "Anna Kay & Tom Fry", At: tuesday, Path: "/app/clients"},
	"client/client_changed":       {Kind: ClientChange, What: "client_changed", Who: "Anna Kay & Tom Fry", Detail: "A new phone number", At: tuesday, Path: "/app/clients"},
	"client/client_deleted":       {Kind: ClientChange, What: "client_deleted", Who: "Anna Kay & Tom Fry", At: tuesday, Path: "/app/clients"},
	"conflict":                    with(kayAndFry(Conflict, ""), "The couple say 14:00, your calendar says 13:00", "/app/conflicts"),
	"booking/hold_promoted":       kayAndFry(Booking, "hold_promoted"),
	"conflict/double_booked":      with(kayAndFry(Conflict, "double_booked"), "Barn is taken by Harper & Aziz", "/app/conflicts"),
	"conflict/overlap":            with(kayAndFry(Conflict, "overlap"), "Dentist in Ada lies over it; it takes Barn", "/app/conflicts"),
	"conflict/edited_both":        with(kayAndFry(Conflict, "edited_both"), "Changed in Ada: the time", "/app/conflicts"),
	"conflict/deleted_outside":    with(kayAndFry(Conflict, "deleted_outside"), "It was deleted in Ada", "/app/conflicts"),
	"connection/reconnect":        {Kind: Connection, What: "calendar_reconnect", Title: "Ada", Detail: "Google has ended the access", At: tuesday, Path: "/app/calendars"},
	"invite/wedme.client.invited": with(kayAndFry(Invite, "wedme.client.invited"), "", "/app/invites"),
	"invite/wedme.vendor.signup":  with(kayAndFry(Invite, "wedme.vendor.signup"), "", ""),
	"invite_reminder":             with(kayAndFry(InviteReminder, ""), "", "/app/invites"),
	"wedding_week":                {Kind: WeddingWeek, Items: week(), At: tuesday, Path: "/app/weddings"},
	"wedding_day_change":          with(kayAndFry(WeddingDayChange, ""), "The ceremony now begins at 14:00, not 13:00", ""),
	"emergency":                   with(kayAndFry(Emergency, ""), "The marquee has come down. Call Maya Lind, coordinator: +44 7700 900123", ""),
	"digest/daily":                {Kind: Digest, What: "daily", Items: happened(), At: tuesday},
	"digest/weekly":               {Kind: Digest, What: "weekly", Items: happened(), At: tuesday},
	"digest/rush":                 {Kind: Digest, What: "rush", Items: happened()[:4], At: tuesday},
	"security/verify":             account("verify", "https://wedsync.example/verify/5d0c", "", "", 24*time.Hour),
	"security/reset":              account("reset", "https://wedsync.example/reset/5d0c", "", "", time.Hour),
	"security/magic_link":         account("magic_link", "https://wedsync.example/magic/5d0c", "", "", 15*time.Minute),
	"security/new_device":         account("new_device", "", "", "Firefox on Windows, near Leeds", 0),
	"security/password_changed":   account("password_changed", "", "", "", 0),
	"security/invited":            {Kind: Security, What: "invited", Who: "Maya Lind", Title: "Holm House", Link: "https://wedsync.example/reset/5d0c", At: tuesday, Ends: ptr(tuesday.Add(72 * time.Hour))},
	"security/address_changed":    account("address_changed", "", "", "anna@holm.example", 0),
	"security/phone_code":         account("phone_code", "", "123456", "", 10*time.Minute),
	"connection/silent":           {Kind: Connection, What: "connection_silent", Title: "Tave", Detail: "it usually sends 4 a day; nothing for 31 hours", At: tuesday, Path: "/app/connections"},
	"connection/back":             {Kind: Connection, What: "connection_back", Title: "Tave", Detail: "after 36 hours", At: tuesday, Path: "/app/connections"},
	"allowance/nearly":            {Kind: Allowance, What: "nearly", Channel: "email", Used: 8, Limit: 10, At: tuesday, Path: "/app/plan"},
	"allowance/used_up":           {Kind: Allowance, What: "used_up", Channel: "sms", Used: 20, Limit: 20, At: tuesday, Path: "/app/plan"},
	// What does not always come.
	"unheard":             {Kind: Booking, What: "booking_of_tomorrow", Who: "Anna Kay & Tom Fry", At: tuesday, Path: "/app/weddings"},
	"unheard_kind":        {Kind: "weather", Title: "Kay & Fry", Detail: "Rain is forecast for the day", At: tuesday, Path: "/app"},
	"sparse":              {Kind: Payment, What: "payment_completed"},
	"wedding_week_couple": with(kayAndFry(WeddingWeek, ""), "", ""),
}

// letters are all examples, for each audience that has such a letter.
func letters(t testing.TB) map[string]Letter {
	all := map[string]Letter{}
	for name, n := range examples {
		audiences := n.Kind.Audiences()
		if audiences == nil {
			audiences = []Audience{Team}
		}
		for _, a := range audiences {
			if n.Kind == WeddingWeek && (a == Couple) != (name == "wedding_week_couple") {
				continue
			}
			reader := Reader{Name: "Anna", Audience: a, Zone: london(t)}
			all[strings.ReplaceAll(name, "/", "-")+"."+string(a)] = Write(n, florist, reader, Wording{}, links)
		}
	}
	pale, long := Brand{Name: "Ivory & Lace", Colour: "#fff4c2"}, Brand{Name: strings.Repeat("Wilhelmina ", 9), Colour: "#101010"}
	all["brand-pale.couple"] = Write(examples["payment/payment_completed"], pale, Reader{Audience: Couple}, Wording{}, links)
	emergency := examples["emergency"]
	emergency.Who, emergency.Venue = strings.Repeat("Anna-Wilhelmina ", 12), "<b>Schloss</b> "+strings.Repeat("Überlingen", 11)
	all["brand-long.team"] = Write(emergency, long, Reader{Audience: Team}, Wording{}, links)
	test := examples["payment/payment_completed"]
	test.Test, test.Path = Couple, ""
	all["test.couple"] = Write(test, florist, Reader{Name: "Anna Kay & Tom Fry", Audience: Person}, Wording{Closing: "Yours, {{name}}"}, links)
	all["reworded.couple"] = Write(examples["booking/booking_confirmed"], florist, Reader{Audience: Couple}, Wording{Subject: "{{couple}}, we are yours on {{date}}",
		Opening: "Dear {{couple}},\n{{news}} We shall be at {{venue}} by nine, with the van.", Closing: "With love from the workshop,\nMaya & Finn"}, links)
	return all
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, letter := range letters(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			html, err := letter.HTML(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if *render != "" {
				if err := os.WriteFile(filepath.Join(*render, name+".html"), []byte(html), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			golden(t, name+".golden.html", strings.ReplaceAll(html, "><", ">\n<")+"\n")
			golden(t, name+".golden.txt", "Subject: "+letter.Subject+"\nPreheader: "+letter.Preheader+"\n\n"+letter.Text())
		})
	}
}

// TestGoldenShort holds what is short in one file: the inbox, the SMS, the push.
func TestGoldenShort(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, name := range sorted(examples) {
		title, body := Line(examples[name])
		p := Push(examples[name], florist)
		b.WriteString("== " + name + "\ninbox  " + title + "\n       " + body + "\nsms    " + SMS(examples[name], florist, "https://wedsync.example/n/4kd9") + "\npush   " + p.Title + "\n       " +
			strings.ReplaceAll(p.Body, "\n", "\n       ") + "\n       " + p.URL + " " + p.Tag + "\n\n")
	}
	golden(t, "short.golden.txt", b.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test ./views/mail -update writes it)", err)
	}
	if got != string(want) {
		t.Errorf("differs from %s; look at it, then go test ./views/mail -update\n%s", file, got)
	}
}

// TestEveryLetterHasACase fails for a kind, or for something that can happen, which nobody drew here.
func TestEveryLetterHasACase(t *testing.T) {
	t.Parallel()
	drawn := map[Kind]map[string]bool{}
	for _, n := range examples {
		if drawn[n.Kind] == nil {
			drawn[n.Kind] = map[string]bool{}
		}
		drawn[n.Kind][n.What] = true
	}
	for _, kind := range Kinds {
		if len(Whats[kind]) == 0 || len(kind.Audiences()) == 0 || kind.Words() == "" {
			t.Errorf("%s has no words in Whats or abouts", kind)
		}
		for _, what := range Whats[kind] {
			if !drawn[kind][what] {
				t.Errorf("%s %q has no case in golden_test.go", kind, what)
			}
		}
		for _, a := range kind.Audiences() {
			if writers[kind][a] == nil {
				t.Errorf("nobody writes %s for %s", kind, a)
			}
		}
		if len(writers[kind]) != len(kind.Audiences()) {
			t.Errorf("%s is written for others than it says", kind)
		}
	}
	if len(Whats) != len(Kinds) || len(abouts) != len(Kinds) || len(writers) != len(Kinds) {
		t.Errorf("%d kinds, %d in Whats, %d in abouts, %d in writers", len(Kinds), len(Whats), len(abouts), len(writers))
	}
}

// TestEveryWhatHasItsOwnWords: two things that happened are never told in the same words.
func TestEveryWhatHasItsOwnWords(t *testing.T) {
	t.Parallel()
	told := map[string]string{}
	for name, n := range examples {
		if name == "wedding_week_couple" || name == "sparse" {
			continue
		}
		for _, a := range n.Kind.Audiences() {
			l := Write(n, florist, Reader{Audience: a}, Wording{}, links)
			text := string(a) + l.Subject + l.Paragraphs[0]
			if other, twice := told[text]; twice {
				t.Errorf("%s says what %s says", name, other)
			}
			told[text] = name
			for _, never := range []string{"!", "Oops", "oops", "WedMe", "delivery", "queue"} {
				if strings.Contains(l.Text(), never) {
					t.Errorf("%s says %q", name, never)
				}
			}
		}
	}
}
