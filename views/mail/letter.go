package mail

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/wedsync/wedsync/views/ui"
)

// Letter is an e-mail before it is drawn.
type Letter struct {
	Subject, Preheader string // each one line
	From, For          string // whose letter it is, and below it for whom the house writes
	Heading            string
	Figure             string // what the letter is about, large: an amount, a code, a number to call
	FigureHref         string // "tel:…" for a number to call
	Paragraphs         []string
	Facts              []Fact
	Groups             []Group
	Button             *Button
	Closing            string // may have several lines
	Signature          string
	Footer             string // why it came
	Unsubscribe        string // empty: it cannot be turned off
	Palette            Palette
}

// Fact is one line of what is known.
type Fact struct{ Term, Text string }

// Group is a part of a digest or the weddings of a week.
type Group struct {
	Title   string
	Entries []Entry
	More    string // "and 8 more"
}

// Entry is one thing of a group.
type Entry struct{ Title, Body, Href string }

// Button is the one thing to do.
type Button struct{ Label, Href string }

// writers write one letter each: by kind, and by whom it is for.
var writers = map[Kind]map[Audience]func(scene) words{
	Booking:          {Team: bookingTeam, Couple: bookingCouple},
	Payment:          {Team: paymentTeam, Couple: paymentCouple},
	Refund:           {Team: refundTeam, Couple: refundCouple},
	FailedPayment:    {Team: failedTeam, Couple: failedCouple},
	ClientChange:     {Team: clientTeam},
	Conflict:         {Team: conflictTeam},
	Invite:           {Team: inviteTeam},
	InviteReminder:   {Team: reminderTeam},
	WeddingWeek:      {Team: weekTeam, Couple: weekCouple},
	WeddingDayChange: {Team: dayTeam, Couple: dayCouple},
	Emergency:        {Team: emergencyTeam, Couple: emergencyCouple},
	Digest:           {Team: digestTeam},
	Security:         {Person: securityPerson},
	Connection:       {Team: connectionTeam},
	Allowance:        {Team: allowanceTeam},
}

// written are our words. A kind without a letter for this audience is told as to the team, one that we do not know in general.
func (s scene) written() words {
	of := writers[s.Kind]
	for _, audience := range []Audience{s.reader.Audience, Team, Person} {
		if write := of[audience]; write != nil {
			return write(s)
		}
	}
	return anything(s)
}

// Write makes a letter of news: in the supplier's words where they gave any, else in ours.
func Write(n News, b Brand, r Reader, w Wording, l Links) Letter {
	s := setting(n, b, r, l)
	told := s.written()
	letter := Letter{From: "WedSync", Heading: clean(told.heading, maxLine), Paragraphs: append([]string{told.opening}, told.more...), Closing: told.closing,
		Subject: told.subject, Figure: s.figure(), Facts: s.facts(), Groups: s.groups(), Footer: s.footer(), Palette: Paint("")}
	if s.Kind != Security && s.Kind != Emergency {
		letter.Unsubscribe = s.links.Unsubscribe
	}
	if s.Kind == Emergency && letter.Figure != "" {
		letter.FigureHref = "tel:" + strings.NewReplacer(" ", "", "(", "", ")", "", "-", "").Replace(letter.Figure)
	}
	s.sign(&letter, b)
	letter.reword(s, told, w)
	letter.Button = s.button(told.button)
	if s.Test != "" {
		letter.Subject, letter.Unsubscribe = "Test: "+letter.Subject, ""
	}
	letter.Subject = clean(letter.Subject, maxLine)
	letter.Preheader = clean(strings.Join(letter.Paragraphs, " "), maxLine)
	return letter
}

// sign says whose letter it is: to a couple the supplier's own, to everybody else ours.
func (s scene) sign(l *Letter, b Brand) {
	switch {
	case s.reader.Audience == Couple:
		l.From, l.Signature, l.Palette = s.ours(), s.supplier, Paint(b.Colour)
	case s.Kind != Security && s.supplier != "":
		l.For, l.Palette = s.supplier, Paint(b.Colour)
	}
	if s.Kind == Emergency {
		l.Palette = Paint(alarm)
	}
}

// reword puts the supplier's words in the place of ours. The heading stays: it says what happened.
func (l *Letter) reword(s scene, told words, w Wording) {
	if !s.Kind.Editable() || Spares(s.What) {
		return
	}
	fill := s.values(told).fill
	if subject := clean(fill(w.Subject), maxLine); subject != "" {
		l.Subject = subject
	}
	if opening := lines(fill(w.Opening), maxWording+maxName*8); len(opening) > 0 {
		l.Paragraphs = opening
	}
	if closing := lines(fill(w.Closing), maxWording+maxName*8); len(closing) > 0 {
		l.Closing, l.Signature = strings.Join(closing, "\n"), "" // who writes an ending signs it
	}
}

// figure is what the eye should meet first.
func (s scene) figure() string {
	switch s.Kind {
	case Payment, Refund, FailedPayment:
		return s.money("")
	case Emergency:
		return phone.FindString(s.Detail)
	case Security:
		if s.What == "phone_code" {
			return s.Code
		}
	}
	return ""
}

// facts are what is known, in a fixed order; what the reader knows of themselves is left out.
func (s scene) facts() []Fact {
	var all []Fact
	add := func(term, text string) {
		if text != "" {
			all = append(all, Fact{term, text})
		}
	}
	switch s.Kind {
	case Security:
		if s.What == "new_device" || s.What == "password_changed" {
			add("When", s.moment())
			add("Device", s.Detail)
		}
		return all
	case Digest, Allowance, Connection:
		return nil
	}
	if s.reader.Audience != Couple {
		add(whoTerm[s.Kind], s.Who)
	}
	if s.Title != s.Who {
		add("Booking", s.Title)
	}
	when := "When"
	switch s.Kind {
	case Payment, Refund, FailedPayment:
		when = "The day" // beside the day on which money moved
	case WeddingDayChange: // a day is not money
	default:
		add("Value", s.money(""))
	}
	add(when, s.when())
	add("Where", s.Venue)
	if s.Kind == Payment && s.What == "payment_completed" || s.Kind == Refund {
		add("For", s.Detail)
		add("Made on", s.moment())
	}
	return all
}

var whoTerm = map[Kind]string{Payment: "Paid by", Refund: "Paid to", FailedPayment: "Payer", ClientChange: "Client", Emergency: "Couple",
	Booking: "Couple", Conflict: "Couple", Invite: "Couple", InviteReminder: "Couple", WeddingWeek: "Couple", WeddingDayChange: "Couple"}

const perGroup = 12 // of a digest; the rest is in the product

// groups are the parts of a digest, by kind, or the weddings of a week.
func (s scene) groups() []Group {
	if s.Kind == WeddingWeek && s.reader.Audience != Couple {
		if len(s.Items) == 0 {
			return nil
		}
		g := Group{}
		for _, item := range s.Items {
			g.add(Entry{item.at(s).booking("A wedding"), item.at(s).weekFacts(), s.page(item.Path)})
		}
		return []Group{g.closed()}
	}
	if s.Kind != Digest {
		return nil
	}
	var all []Group
	for _, kind := range append(slices.Clone(Kinds), unheard(s.Items)...) {
		g := Group{Title: kind.plural()}
		for _, item := range s.Items {
			if item.Kind == kind {
				title, body := item.at(s).line()
				g.add(Entry{title, body, s.page(item.Path)})
			}
		}
		if len(g.Entries) > 0 {
			all = append(all, g.closed())
		}
	}
	return all
}

// at is an item of a letter, seen by its reader.
func (n News) at(s scene) scene {
	s.News, s.reader.Audience = n, Team
	return s
}

func (s scene) weekFacts() string {
	who := s.Who
	if who == s.Title {
		who = ""
	}
	return strings.Join(some(s.when(), s.Venue, who, s.Detail), " · ")
}

func (g *Group) add(e Entry) { g.Entries = append(g.Entries, e) }

func (g Group) closed() Group {
	if left := len(g.Entries) - perGroup; left > 0 {
		g.Entries, g.More = g.Entries[:perGroup], "and "+ui.Count(int64(left))+" more in WedSync"
	}
	return g
}

// unheard are the kinds of items that Kinds does not have.
func unheard(items []News) (kinds []Kind) {
	for _, item := range items {
		if !slices.Contains(Kinds, item.Kind) && !slices.Contains(kinds, item.Kind) {
			kinds = append(kinds, item.Kind)
		}
	}
	return kinds
}

// counts are "3 bookings, 2 payments and 4 others": the kinds in their order, three of them by name.
func counts(items []News) string {
	var parts []string
	left := len(items)
	for _, kind := range Kinds {
		n := 0
		for _, item := range items {
			if item.Kind == kind {
				n++
			}
		}
		if n > 0 && len(parts) < 3 {
			parts, left = append(parts, counted(kind, n)), left-n
		}
	}
	if left > 0 {
		parts = append(parts, counted("", left))
	}
	return strings.Join(parts, ", ")
}

// button leads to where something can be done: to the secret link, to the acknowledgement, to the page in the product.
// A couple has no pages of the supplier's.
func (s scene) button(label string) *Button {
	href := s.page(s.Path)
	switch {
	case s.Kind == Security && s.Link != "":
		href = s.Link
	case s.Kind == Emergency && s.links.Acknowledge != "":
		href = s.links.Acknowledge
	case s.Kind == Emergency && s.reader.Audience == Team:
		label = "See what happened"
	case s.Kind == Digest:
		href = cmp.Or(href, s.page("/app"))
	}
	if s.reader.Audience == Couple {
		if s.Kind != Emergency && strings.HasPrefix(s.Path, "/app") {
			return nil
		}
		label = cmp.Or(label, "See the details")
	}
	if label == "" || href == "" {
		return nil
	}
	return &Button{label, href}
}

func (s scene) page(path string) string {
	if s.links.Base == "" || path == "" {
		return ""
	}
	return strings.TrimSuffix(s.links.Base, "/") + path
}

// footer says why a letter came; that is half of why people trust it.
func (s scene) footer() string {
	switch {
	case s.Test != "":
		return "This is a test, sent because you asked for it. It went to you alone. Amounts and changes in it are made up."
	case s.Kind == Security:
		return "You get this letter because it concerns your account at WedSync. Letters that guard an account cannot be turned off."
	case s.reader.Audience == Couple:
		return "You get this letter because " + s.ours() + " is part of your wedding. " + s.ours() + " sends its news through WedSync."
	case s.Kind == Emergency:
		return "You get this letter because you are on the team" + before(" of ", s.supplier) + ". Calls for help reach everybody on it."
	case s.Kind == Digest:
		return "You get this letter because you asked for news in one letter, as one of the team" + before(" of ", s.supplier) + "."
	}
	return "You get this letter because you are on the team" + before(" of ", s.supplier) + ". What reaches you, and how, is yours to choose under Settings."
}

// HTML draws the letter as mail clients need it.
func (l Letter) HTML(ctx context.Context) (string, error) {
	var b strings.Builder
	err := document(l).Render(ctx, &b)
	return b.String(), err
}
