package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

// season is a venue with a full June, and what its owner's own calendar says.
type season struct {
	house  *house
	org    string
	cookie string
	june   int // its year
	rooms  map[string]string
}

func (h *house) season(name, email string) *season {
	h.t.Helper()
	made := h.cli("supplier", "add", "--name", name, "--category", "venue", "--email", email, "--password", password)
	s := &season{house: h, org: made["org_id"], june: time.Now().Year() + 1, rooms: map[string]string{}}
	s.cookie = must(h.SignIn(email, password))(h.t).Value
	for _, r := range []struct {
		name, kind    string
		capacity      int
		before, after int
		usual         bool
	}{{"The great barn", "room", 1, 120, 60, true}, {"Orangery", "room", 1, 0, 0, false}, {"Anna Featherstonehaugh-Cholmondeley", "person", 1, 0, 0, false}, {"Gilt chairs", "thing", 200, 0, 0, false}} {
		s.rooms[r.name] = ask[string](h, `INSERT INTO resources (org_id, name, kind, capacity, minutes_before, minutes_after, usual) VALUES ($1, $2, $3::text::resource_kind, $4, $5, $6, $7) RETURNING id::text`,
			s.org, r.name, r.kind, r.capacity, r.before, r.after, r.usual)
	}
	return s
}

func (s *season) day(d int) string { return fmt.Sprintf("%d-06-%02d", s.june, d) }

// post sends a form as the owner and gives where it led.
func (s *season) post(path string, form url.Values) string {
	s.house.t.Helper()
	req := must(http.NewRequest(http.MethodPost, s.house.Base+path, strings.NewReader(form.Encode())))(s.house.t)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.AddCookie(&http.Cookie{Name: "wedsync", Value: s.cookie})
	res := must(http.DefaultTransport.RoundTrip(req))(s.house.t)
	defer res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		s.house.t.Fatalf("%s answered %d", path, res.StatusCode)
	}
	at, _, _ := strings.Cut(res.Header.Get("Location"), "?")
	return at
}

// take books days of June: from one in the afternoon, to one at night or to eleven in the morning of the last.
func (s *season) take(title, as string, from, until int, rooms ...string) string {
	s.house.t.Helper()
	ends := s.day(until+1) + "T01:00"
	if until > from {
		ends = s.day(until) + "T11:00"
	}
	form := url.Values{"title": {title}, "venue": {"Holm House"}, "starts": {s.day(from) + "T13:00"}, "ends": {ends}, "timezone": {"Europe/London"}, "as": {as}}
	for _, r := range rooms {
		form.Add("need", s.rooms[r])
	}
	return s.post("/app/bookings", form)
}

// busy is what an outside calendar says of some hours of June.
func (s *season) busy(calendar, title, from, until string, allDay bool) {
	ask[int](s.house, `WITH b AS (INSERT INTO busy (org_id, calendar_id, root_id, remote_id, during, all_day, title)
		VALUES ($1, $2, $3 || $4, $3 || $4, tstzrange($4::text::timestamptz, $5::text::timestamptz), $6, $3)) SELECT 1`, s.org, calendar, title, from, until, allDay)
}

// fill makes June as full as a June is.
func (s *season) fill() (confirmed string) {
	confirmed = s.take("Wedding of Wilhelmina Featherstonehaugh & Bartholomew Cholmondeley-Smythe", "confirmed", 12, 12, "The great barn", "Anna Featherstonehaugh-Cholmondeley")
	s.take("Kay & Fry", "held", 19, 19, "The great barn")
	s.take("Nguyen & Okafor", "line", 19, 19, "The great barn")
	s.take("Rossi & Bianchi", "confirmed", 4, 6, "Orangery")
	s.take("Lindqvist & Berg", "confirmed", 25, 28, "The great barn", "Orangery")
	s.take("Hall & Abara", "enquiry", 12, 12)
	s.take("Moreau & Dubois", "held", 12, 12, "Orangery")
	for i := range 16 {
		s.take(fmt.Sprintf("Viewing %d", i+1), "enquiry", 15, 15)
	}
	calendar := ask[string](s.house, `WITH k AS (INSERT INTO calendar_connections (org_id, kind, account) VALUES ($1, 'google', 'anna@holmhouse.example') RETURNING org_id, id)
		INSERT INTO calendars (org_id, connection_id, remote_id, name, blocks, fresh_at, first_at, next_pull_at) SELECT org_id, id, 'anna', 'Anna’s Google calendar', true, now() - interval '3 minutes', now(), 'infinity' FROM k RETURNING id::text`, s.org)
	ask[string](s.house, `INSERT INTO calendars (org_id, connection_id, remote_id, name, blocks, read_so_far, next_pull_at)
		SELECT org_id, connection_id, 'band', 'Band rehearsals', false, 600, 'infinity' FROM calendars WHERE id = $1 RETURNING id::text`, calendar)
	s.busy(calendar, "Dentist", s.day(9)+" 10:00 Europe/London", s.day(9)+" 11:00 Europe/London", false)
	s.busy(calendar, "", s.day(20)+" 09:00 Europe/London", s.day(20)+" 17:30 Europe/London", false)
	s.busy(calendar, "Roof repairs", s.day(22)+" 00:00 Europe/London", s.day(25)+" 00:00 Europe/London", true)
	ask[string](s.house, `INSERT INTO sync_conflicts (org_id, subject, field, kind, booking_id) SELECT org_id, 'booking', 'day', 'overlap', id FROM bookings WHERE org_id = $1 AND title = 'Kay & Fry' RETURNING id::text`, s.org)
	return confirmed
}

// calendarShots are the pages of the calendar with a full June in them.
func (g *gallery) calendarShots() []shot {
	const email = "barn@example.com"
	s := g.house.season("Holm House Barns", email)
	booking := s.fill()
	held := "/app/bookings/" + ask[string](g.house, `SELECT id::text FROM bookings WHERE org_id = $1 AND title = 'Nguyen & Okafor'`, s.org)
	s.post("/app/availability", url.Values{"do": {"make"}})
	w := sitDown(g.t, g.Base)
	w.ok(w.tabs.AddCookies([]playwright.OptionalCookie{{Name: "wedsync", Value: s.cookie, URL: &g.Base}}))
	w.visit("/app/resources")
	free := w.text("#link")
	at := func(view string, d int) string { return "/app/calendar?view=" + view + "&on=" + s.day(d) }
	return []shot{
		{name: "calendar-month", route: "/app/calendar", as: email, path: at("month", 12)},
		{name: "calendar-week", as: email, path: at("week", 12)},
		{name: "calendar-agenda", as: email, path: at("agenda", 12)},
		{name: "calendar-empty", as: "nothing@example.com", path: at("month", 12)},
		{name: "booking", route: "/app/bookings/:id", as: email, path: booking},
		{name: "booking-in-line", as: email, path: held},
		{name: "booking-new", route: "/app/bookings/new", as: email, path: "/app/bookings/new?on=" + s.day(14)},
		{name: "booking-refused", as: email, path: "/app/bookings/new?on=" + s.day(12), act: func(w *person) {
			w.fill("Who is it for?", "Too & Late")
			w.press("Take the date")
			w.see("This date is not free")
		}},
		{name: "why", route: "/app/calendar/why", as: email, path: "/app/calendar/why?starts=" + s.day(12) + "T13:00&ends=" + s.day(12) + "T23:00&resource=" + s.rooms["The great barn"]},
		{name: "resources", route: "/app/resources", as: email},
		{name: "resources-empty", as: "nothing@example.com", path: "/app/resources"},
		{name: "free", route: "/free/:token", path: strings.TrimPrefix(free, g.Base)},
	}
}

// TestABookingIsMovedByHandAndByKeyboard: a drag and the form do the same, and both say why where it cannot be.
func TestABookingIsMovedByHandAndByKeyboard(t *testing.T) {
	t.Parallel()
	h := serve(t, Options{})
	s := h.season("Holm House Barns", "barn@example.com")
	s.take("Rossi & Bianchi", "confirmed", 19, 19, "The great barn")
	// High enough that nothing scrolls: a browser takes up what lies under the mouse where it went down.
	w := sitDown(t, h.Base, playwright.BrowserNewContextOptions{Viewport: &playwright.Size{Width: 1280, Height: 1600}})
	w.signIn("barn@example.com", password)
	w.visit("/app/calendar?on=" + s.day(12))
	w.follow("Hold a date")
	w.fill("Who is it for?", "Kay & Fry")
	w.press("Take the date")
	w.see("It is held.")
	w.visit("/app/calendar?on=" + s.day(12))
	w.says("live")

	entry := w.page.Locator(".month a.entry", playwright.PageLocatorOptions{HasText: "Kay & Fry"})
	cell := func(d int) playwright.Locator { return w.page.Locator(`td[data-day="` + s.day(d) + `"]`) }
	w.ok(entry.DragTo(cell(19)))
	w.see("Kay & Fry cannot move to Sat 19 June")
	w.see("The great barn is booked for Rossi & Bianchi")
	w.ok(w.expect.Locator(cell(12)).ToContainText("Kay & Fry")) // it was put back
	w.ok(entry.DragTo(cell(16)))
	w.ok(w.expect.Locator(cell(16)).ToContainText("Kay & Fry"))
	w.ok(w.expect.Locator(w.page.Locator("#grid .notice")).ToHaveCount(0))

	w.visit("/app/calendar?view=week&on=" + s.day(16))
	orangery := w.page.Locator(`td[data-day="` + s.day(17) + `"][data-resource="` + s.rooms["Orangery"] + `"]`)
	w.ok(w.page.Locator(".week a.entry", playwright.PageLocatorOptions{HasText: "Kay & Fry"}).DragTo(orangery))
	w.ok(w.expect.Locator(orangery).ToContainText("Kay & Fry"))

	w.ok(w.page.Locator(".week a.entry", playwright.PageLocatorOptions{HasText: "Kay & Fry"}).Focus())
	w.ok(w.page.Keyboard().Press("Enter"))
	w.ok(w.expect.Page(w.page).ToHaveURL(regexp.MustCompile("/app/bookings/")))
	w.fill("Begins", s.day(23)+"T13:00")
	w.fill("Ends", s.day(23)+"T23:00")
	w.ok(w.page.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Move", Exact: playwright.Bool(true)}).Focus())
	w.ok(w.page.Keyboard().Press("Enter"))
	w.see("It was moved.")

	// What happens elsewhere is drawn here by itself, and the reader's place in the page is kept.
	w.visit("/app/calendar?on=" + s.day(12))
	w.says("live")
	w.ok(entry.Focus())
	s.take("Hall & Abara", "held", 10, 10, "Orangery")
	w.ok(w.expect.Locator(cell(10)).ToContainText("Hall & Abara"))
	w.ok(w.expect.Locator(entry).ToBeFocused())
}
