package views

import (
	"time"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

// Stand is a live region as it is drawn: from which version, changed when.
type Stand struct {
	Version int64
	Changed time.Time
}

// Today is the dashboard with everything it shows.
type Today struct {
	KPIs      KPIsView
	Weddings  WeddingsView
	Activity  ActivityView
	Fresh     bool            // no connection yet: the page offers the first step
	Allowance []AllowanceLine // of a day that is used, or nearly
}

// KPIsView is the region #kpis.
type KPIsView struct {
	Stand
	Row    queries.KPIsRow
	Trends []queries.TrendsRow
}

// WeddingsView is the region #weddings.
type WeddingsView struct {
	Stand
	Now  time.Time
	Rows []queries.NextWeddingsRow
	// Season counts weddings by month, the coming twelve.
	Season []queries.SeasonByMonthRow
}

// seasonChart shows every month of the coming year, the empty ones too.
func (w WeddingsView) seasonChart() ui.Chart {
	c := ui.Chart{ID: "season", Title: "The season ahead", LabelHead: "Month", ValueHead: "Weddings"}
	var all int64
	first := time.Date(w.Now.Year(), w.Now.Month(), 1, 0, 0, 0, 0, time.UTC)
	for i := range 12 {
		month := first.AddDate(0, i, 0)
		p := ui.Point{Label: month.Format("Jan"), Now: i == 0}
		for _, row := range w.Season {
			if row.Month.Equal(month) {
				p.Value = row.Weddings
			}
		}
		all += p.Value
		c.Points = append(c.Points, p)
	}
	c.Summary = ui.Plural(all, "wedding", "weddings") + " in the coming twelve months."
	return c
}

// ActivityView is the region #activity.
type ActivityView struct {
	Stand
	Now  time.Time
	Zone *time.Location
	Rows []queries.LatestActivitiesRow
}

// figures are the contract's, in its names and units.
func (k KPIsView) figures() []ui.Figure {
	r := k.Row
	week := k.lastWeek()
	return []ui.Figure{
		{KPI: "revenue_paid", Value: r.RevenuePaid, Label: "Paid", Text: ui.Short(r.RevenuePaid, r.Currency), Sub: paidSub(r, week.Paid),
			Tone: goodIf(week.Paid > 0), Trend: k.line(func(t queries.TrendsRow) int64 { return t.Paid }), TrendText: "Paid in each of the last twelve weeks", Href: "/app/payments", Lead: true},
		{KPI: "revenue_refunded", Value: r.RevenueRefunded, Label: "Refunded", Text: ui.Short(r.RevenueRefunded, r.Currency), Sub: thisWeek(week.Refunded, r.Currency),
			Trend: k.line(func(t queries.TrendsRow) int64 { return t.Refunded }), TrendText: "Refunded in each of the last twelve weeks", Href: "/app/payments"},
		{KPI: "bookings_confirmed", Value: r.BookingsConfirmed, Label: "Bookings confirmed", Text: ui.Count(r.BookingsConfirmed), Sub: k.gained(func(t queries.TrendsRow) int64 { return t.Bookings }),
			Trend: k.line(func(t queries.TrendsRow) int64 { return t.Bookings }), TrendText: "Confirmed bookings over the last twelve weeks", Href: "/app/weddings"},
		{KPI: "clients_active", Value: r.ClientsActive, Label: "Clients", Text: ui.Count(r.ClientsActive), Sub: k.gained(func(t queries.TrendsRow) int64 { return t.Clients }),
			Trend: k.line(func(t queries.TrendsRow) int64 { return t.Clients }), TrendText: "Clients over the last twelve weeks", Href: "/app/clients"},
		{KPI: "weddings_next_30d", Value: r.WeddingsNext30d, Label: "Weddings in 30 days", Text: ui.Count(r.WeddingsNext30d), Sub: "held or confirmed", Href: "/app/weddings"},
		{KPI: "invites_accepted", Value: r.InvitesAccepted, Label: "Invites accepted", Text: ui.Count(r.InvitesAccepted), Sub: k.gained(func(t queries.TrendsRow) int64 { return t.Invites }),
			Trend: k.line(func(t queries.TrendsRow) int64 { return t.Invites }), TrendText: "Accepted invites over the last twelve weeks"},
		{KPI: "conflicts_open", Value: r.ConflictsOpen, Label: "Open conflicts", Text: ui.Count(r.ConflictsOpen), Sub: sayIf(r.ConflictsOpen > 0, "waiting for your word", "all sides agree"), Tone: warnIf(r.ConflictsOpen > 0), Href: "/app/conflicts"},
		{KPI: "events_waiting", Value: r.EventsWaiting, Label: "Deliveries waiting", Text: ui.Count(r.EventsWaiting), Sub: unreadWords(r), Tone: warnIf(r.EventsUnread > 0), Href: sayIf(r.EventsUnread > 0, "/app/repairs", "/app/connections")},
	}
}

func (k KPIsView) lastWeek() queries.TrendsRow {
	if len(k.Trends) == 0 {
		return queries.TrendsRow{}
	}
	return k.Trends[len(k.Trends)-1]
}

func (k KPIsView) line(of func(queries.TrendsRow) int64) []int64 {
	points := make([]int64, len(k.Trends))
	var any int64
	for i, t := range k.Trends {
		points[i] = of(t)
		any |= points[i]
	}
	if any == 0 {
		return nil // a line at nought says nothing
	}
	return points
}

// gained compares now with a week ago.
func (k KPIsView) gained(of func(queries.TrendsRow) int64) string {
	if len(k.Trends) < 2 {
		return ""
	}
	more := of(k.Trends[len(k.Trends)-1]) - of(k.Trends[len(k.Trends)-2])
	if more <= 0 {
		return "steady this week"
	}
	return ui.Count(more) + " more this week"
}

func paidSub(r queries.KPIsRow, week int64) string {
	if r.OtherCurrencies > 0 {
		return thisWeek(week, r.Currency) + "; payments in other currencies are listed, not added"
	}
	return thisWeek(week, r.Currency)
}

func thisWeek(minor int64, currency string) string {
	if minor == 0 {
		return "nothing in the last 7 days"
	}
	return ui.Short(minor, currency) + " in the last 7 days"
}

func unreadWords(r queries.KPIsRow) string {
	if r.EventsUnread > 0 {
		return ui.Plural(r.EventsUnread, "more needs", "more need") + " a look"
	}
	return sayIf(r.EventsWaiting > 0, "to be applied", "nothing waits")
}

func goodIf(yes bool) ui.Tone {
	if yes {
		return ui.Good
	}
	return ui.Neutral
}

func warnIf(yes bool) ui.Tone {
	if yes {
		return ui.Warn
	}
	return ui.Neutral
}

func sayIf(yes bool, then, otherwise string) string {
	if yes {
		return then
	}
	return otherwise
}
