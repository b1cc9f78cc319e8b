package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// aWish is the form of a booking in June 2027, with fields of the caller's over it.
func aWish(over ...string) url.Values {
	f := url.Values{"title": {"Kay & Fry"}, "venue": {"Holm House"}, "starts": {"2027-06-12T13:00"}, "ends": {"2027-06-12T23:00"}, "timezone": {"Europe/London"}, "as": {"held"}}
	for i := 0; i < len(over); i += 2 {
		f.Set(over[i], over[i+1])
	}
	return f
}

// aBooking is a hold of nothing in particular.
func aBooking(t *testing.T, w *town, org testdb.Supplier) uuid.UUID {
	t.Helper()
	return w.takes(t, org, queries.BookingStatusHeld, "2027-06-12", nil)
}

func aResource(t *testing.T, w *town, org testdb.Supplier) uuid.UUID {
	t.Helper()
	return w.resource(t, org, "Thing "+uuid.NewString()[:8], 1)
}

// theOnlyResource can be given any name.
func theOnlyResource(t *testing.T, w *town, org testdb.Supplier) uuid.UUID {
	t.Helper()
	if _, err := w.pool.Exec(t.Context(), "UPDATE resources SET name = id::text WHERE org_id = $1", org.ID); err != nil {
		t.Fatal(err)
	}
	return aResource(t, w, org)
}

func (w *town) resource(t *testing.T, org testdb.Supplier, name string, capacity int16) uuid.UUID {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	err := w.q.AddResource(t.Context(), queries.AddResourceParams{OrgID: org.ID, ID: id, Name: name, Kind: queries.ResourceKindRoom, Capacity: capacity, MinutesBefore: 60, MinutesAfter: 120})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// takes a day from one in the afternoon to eleven at night.
func (w *town) takes(t *testing.T, org testdb.Supplier, status queries.BookingStatus, day string, of []uuid.UUID) uuid.UUID {
	t.Helper()
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	want := booking.Want{OrgID: org.ID, Title: "Kay & Fry", Venue: "Holm House", Status: status, When: booking.When{Starts: at.Add(13 * time.Hour), Ends: at.Add(23 * time.Hour), Zone: "Europe/London"}}
	for _, id := range of {
		want.Needs = append(want.Needs, booking.Need{ResourceID: id, Units: 1})
	}
	tx, err := w.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	taken, err := booking.Take(t.Context(), tx, w.jobs.River, want, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return taken.ID
}

func TestTheCalendarShowsWhatStandsInIt(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	barn := w.resource(t, w.org, "The great barn", 1)
	id := w.takes(t, w.org, queries.BookingStatusConfirmed, "2027-06-12", []uuid.UUID{barn})
	w.takes(t, w.theirs, queries.BookingStatusConfirmed, "2027-06-12", nil)
	owner := w.as(t, "owner")
	for _, view := range []string{"month", "week", "agenda"} {
		page := w.get(t, "/app/calendar?on=2027-06-12&view="+view, owner).Body.String()
		if !strings.Contains(page, `href="/app/bookings/`+id.String()) || !strings.Contains(page, "Kay &amp; Fry") || strings.Count(page, `<td`) > 100 {
			t.Errorf("%s does not show the booking:\n%s", view, page)
		}
		if strings.Contains(page, "Decoy") {
			t.Errorf("%s shows a stranger's", view)
		}
	}
	for _, query := range []string{"view=year&on=2027-13-45", "on=1600-01-01", "on=9999-01-01", "on=%00", "view=week&on=", "tried=nonsense", "tried=" + id.String() + "&to.day=x"} {
		if got := w.get(t, "/app/calendar?"+query, owner); got.Code != http.StatusOK {
			t.Errorf("%s: %d", query, got.Code)
		}
	}
	for _, view := range []string{"month", "week", "agenda"} {
		for _, on := range []string{"2000-01-01", "2100-12-31"} {
			if got := w.get(t, "/app/calendar?view="+view+"&on="+on, owner); got.Code != http.StatusOK {
				t.Errorf("%s %s: %d", view, on, got.Code)
			}
		}
	}
}

func TestABookingIsMadeRefusedAndSettled(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	barn := w.resource(t, w.org, "The great barn", 1)
	owner := w.as(t, "owner")
	first := w.post(t, "/app/bookings", aWish("need", barn.String()), owner)
	at, _, _ := strings.Cut(first.Header().Get("Location"), "?")
	if first.Code != http.StatusSeeOther || !strings.HasPrefix(at, "/app/bookings/") {
		t.Fatalf("%d %s\n%s", first.Code, at, first.Body)
	}
	second := w.post(t, "/app/bookings", aWish("need", barn.String(), "title", "Too & Late"), owner)
	if body := second.Body.String(); second.Code != http.StatusConflict || !strings.Contains(body, "The great barn is held for Kay &amp; Fry") || !strings.Contains(body, "Too &amp; Late") {
		t.Errorf("the second: %d\n%s", second.Code, body)
	}
	queued := w.post(t, "/app/bookings", aWish("need", barn.String(), "title", "Too & Late", "as", "line"), owner)
	if !strings.Contains(queued.Header().Get("Location"), "done=line") {
		t.Errorf("no place in line: %d %s", queued.Code, queued.Header().Get("Location"))
	}
	if page := w.get(t, queued.Header().Get("Location"), owner).Body.String(); !strings.Contains(page, "1st in line") {
		t.Errorf("the page does not say its place:\n%s", page)
	}
	for _, step := range []struct{ do, want string }{{"confirmation", "Confirmed"}, {"cancellation", "Cancelled"}} {
		if got := w.post(t, at+"/"+step.do, nil, owner); got.Code != http.StatusSeeOther {
			t.Errorf("%s: %d\n%s", step.do, got.Code, got.Body)
		}
		if page := w.get(t, at, owner).Body.String(); !strings.Contains(page, step.want) {
			t.Errorf("after %s the page does not say %s", step.do, step.want)
		}
	}
}

func TestABookingFormSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	chairs, theirs := w.resource(t, w.org, "Chairs", 200), w.resource(t, w.theirs, "Their barn", 1)
	owner := w.as(t, "owner")
	for _, c := range []struct{ field, value, says string }{
		{"title", "", "Say who it is for"}, {"title", strings.Repeat("x", 201), "200 letters"}, {"title", "a\x00b", "200 letters"},
		{"ends", "2027-06-12T12:00", "end after it begins"}, {"ends", "2027-06-12T13:00", "end after it begins"}, {"ends", "soon", "Say when it ends"}, {"ends", "2029-06-12T13:00", "within a year"},
		{"starts", "1999-06-12T12:00", "between the years"}, {"starts", "", "Say when it begins"},
		{"timezone", "Mars/Olympus", "Choose a time zone"}, {"timezone", "", "Choose a time zone"}, {"timezone", "Local", "Choose a time zone"},
		{"need", theirs.String(), "Choose from the list"}, {"need", "x", "Choose from the list"}, {"need", uuid.NewString(), "Choose from the list"},
		{"notes", strings.Repeat("ü", 4001), "4,000 letters"}, {"as", "married", "Say how firm"}, {"venue", strings.Repeat("v", 201), "200 letters"},
	} {
		got := w.post(t, "/app/bookings", aWish(c.field, c.value), owner)
		if got.Code != http.StatusUnprocessableEntity || !strings.Contains(got.Body.String(), c.says) {
			t.Errorf("%s = %.20q: %d, does not say %q", c.field, c.value, got.Code, c.says)
		}
	}
	for _, units := range []string{"0", "-1", "201", "501", "many", "99999999999999999999"} {
		form := aWish("need", chairs.String(), "units."+chairs.String(), units)
		if got := w.post(t, "/app/bookings", form, owner); got.Code != http.StatusUnprocessableEntity || !strings.Contains(got.Body.String(), "there are 200") {
			t.Errorf("%s chairs: %d", units, got.Code)
		}
	}
	id := aBooking(t, w, w.org)
	if got := w.post(t, "/app/bookings/"+id.String()+"/notes", url.Values{"notes": {strings.Repeat("n", 4001)}}, owner); got.Code != http.StatusUnprocessableEntity {
		t.Errorf("long notes: %d", got.Code)
	}
}

func TestADragMovesOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	barn, hall := w.resource(t, w.org, "The great barn", 1), w.resource(t, w.org, "The hall", 1)
	theirs := w.resource(t, w.theirs, "Their barn", 1)
	w.takes(t, w.org, queries.BookingStatusConfirmed, "2027-06-19", []uuid.UUID{barn})
	id := w.takes(t, w.org, queries.BookingStatusHeld, "2027-06-12", []uuid.UUID{barn})
	owner := w.as(t, "owner")
	drop := func(over ...string) (int, string) {
		r := w.request(t, http.MethodPost, "/app/bookings/"+id.String()+"/times", aDrop(over...), owner)
		r.Header.Set("HX-Current-URL", "http://wedsync.test/app/calendar?view=week&on=2027-06-12&evil=1")
		got := w.do(t, r)
		return got.Code, got.Header().Get("Location")
	}
	status, to := drop("day", "2027-06-19", "of", barn.String(), "resource", barn.String())
	if status != http.StatusSeeOther || !strings.Contains(to, "tried="+id.String()) || !strings.Contains(to, "view=week") || strings.Contains(to, "evil") {
		t.Fatalf("onto a taken day: %d %s", status, to)
	}
	if page := w.get(t, to, owner).Body.String(); !strings.Contains(page, "cannot move to Sat 19 June 2027") || !strings.Contains(page, "The great barn is booked for") {
		t.Errorf("the calendar does not say why:\n%s", page)
	}
	if status, to := drop("day", "2027-06-19", "of", barn.String(), "resource", hall.String()); status != http.StatusSeeOther || strings.Contains(to, "tried") {
		t.Errorf("to the other room: %d %s", status, to)
	}
	var starts time.Time
	var taken uuid.UUID
	if err := w.pool.QueryRow(t.Context(), `SELECT b.starts_local, c.resource_id FROM bookings b JOIN booking_claims c ON c.org_id = b.org_id AND c.booking_id = b.id WHERE b.id = $1`, id).Scan(&starts, &taken); err != nil {
		t.Fatal(err)
	}
	if starts.Format("2006-01-02 15:04") != "2027-06-19 13:00" || taken != hall {
		t.Errorf("it is at %v in %v", starts, taken)
	}
	for _, c := range [][]string{{"day", "2027-06-31"}, {"from", "x"}, {"resource", theirs.String()}, {"resource", uuid.NewString()}} {
		if status, _ := drop(c...); status != http.StatusNotFound {
			t.Errorf("%v: %d, want 404", c, status)
		}
	}
}

func aDrop(over ...string) url.Values {
	f := url.Values{"day": {"2027-06-13"}, "from": {"2027-06-12"}}
	for i := 0; i < len(over); i += 2 {
		f.Set(over[i], over[i+1])
	}
	return f
}

func TestWhyADateIsNotFree(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	barn := w.resource(t, w.org, "The great barn", 1)
	w.resource(t, w.org, "The hall", 1)
	theirs := w.resource(t, w.theirs, "Their barn", 1)
	day := time.Now().AddDate(0, 2, 0).Format(time.DateOnly)
	w.takes(t, w.org, queries.BookingStatusConfirmed, day, []uuid.UUID{barn})
	staff := w.as(t, "staff")
	page := w.get(t, "/app/calendar/why?starts="+day+"T12:00&ends="+day+"T20:00&resource="+barn.String(), staff).Body.String()
	for _, says := range []string{"The great barn is booked for Kay &amp; Fry", "1 hour before", "2 hours after", "Free nearby", "1 day later", "The hall is free at that time", "No outside calendar has a say"} {
		if !strings.Contains(page, says) {
			t.Errorf("the answer does not say %q", says)
		}
	}
	if page := w.get(t, "/app/calendar/why?starts=2027-03-03T12:00&ends=2027-03-03T13:00", staff).Body.String(); !strings.Contains(page, "It is free") {
		t.Error("a free day is not free")
	}
	for query, status := range map[string]int{"resource=" + theirs.String(): 404, "resource=x": 404, "starts=2027-06-12T12:00&timezone=Mars": 422, "starts=1900-01-01T10:00": 422} {
		if got := w.get(t, "/app/calendar/why?"+query, staff); got.Code != status {
			t.Errorf("%s: %d, want %d", query, got.Code, status)
		}
	}
}

func TestResourcesAreKeptFromHarm(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	chairs, spare := w.resource(t, w.org, "Chairs", 3), w.resource(t, w.org, "A spare", 1)
	for range 2 {
		w.takes(t, w.org, queries.BookingStatusConfirmed, time.Now().AddDate(0, 1, 0).Format(time.DateOnly), []uuid.UUID{chairs})
	}
	owner := w.as(t, "owner")
	thing := func(over ...string) url.Values {
		f := url.Values{"name": {"Chairs"}, "kind": {"thing"}, "capacity": {"3"}, "before": {"0"}, "after": {"0"}}
		for i := 0; i < len(over); i += 2 {
			f.Set(over[i], over[i+1])
		}
		return f
	}
	for _, c := range []struct {
		path string
		form url.Values
		says string
	}{
		{"/" + chairs.String(), thing("capacity", "1"), "would not fit any more"}, {"/" + chairs.String(), thing("capacity", "0"), "Between 1 and 500"}, {"/" + chairs.String(), thing("capacity", "501"), "Between 1 and 500"},
		{"/" + chairs.String(), thing("before", "2881"), "two days"}, {"/" + chairs.String(), thing("after", "-1"), "two days"}, {"/" + chairs.String(), thing("kind", "ghost"), "Choose from the list"},
		{"/" + chairs.String(), thing("name", "a SPARE"), "of that name already"}, {"", thing("name", "chairs"), "of that name already"}, {"", thing("name", strings.Repeat("x", 81)), "80 letters"},
		{"/" + chairs.String() + "/retirement", nil, "2 bookings ahead still take it"},
	} {
		got := w.post(t, "/app/resources"+c.path, c.form, owner)
		if got.Code != http.StatusUnprocessableEntity || !strings.Contains(got.Body.String(), c.says) {
			t.Errorf("%s %v: %d, does not say %q", c.path, c.form, got.Code, c.says)
		}
	}
	for path, form := range map[string]url.Values{"/" + chairs.String(): thing("capacity", "2", "usual", "on"), "/" + spare.String() + "/retirement": nil} {
		if got := w.post(t, "/app/resources"+path, form, owner); got.Code != http.StatusSeeOther {
			t.Errorf("%s: %d\n%s", path, got.Code, got.Body)
		}
	}
}

func TestTheAvailabilityLinkShowsNoNames(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	barn := w.resource(t, w.org, "The great barn", 1)
	day := time.Now().AddDate(0, 1, 0)
	w.takes(t, w.org, queries.BookingStatusConfirmed, day.Format(time.DateOnly), []uuid.UUID{barn})
	w.takes(t, w.org, queries.BookingStatusHeld, day.AddDate(0, 0, 1).Format(time.DateOnly), []uuid.UUID{barn})
	owner := w.as(t, "owner")
	link := func(do string) string {
		if got := w.post(t, "/app/availability", url.Values{"do": {do}}, owner); got.Code != http.StatusSeeOther {
			t.Fatalf("%s: %d", do, got.Code)
		}
		_, after, _ := strings.Cut(w.get(t, "/app/resources", owner).Body.String(), "http://wedsync.test/free/")
		token, _, _ := strings.Cut(after, "<")
		return "/free/" + token
	}
	first := link("make")
	if again := link("make"); again != first {
		t.Error("pressing make twice made another")
	}
	got := w.get(t, first, nil)
	page := got.Body.String()
	if got.Code != http.StatusOK || !strings.Contains(got.Header().Get("X-Robots-Tag"), "noindex") || !strings.Contains(page, `name="robots"`) {
		t.Fatalf("%d %v", got.Code, got.Header())
	}
	if strings.Contains(page, "Kay &amp; Fry") || strings.Contains(page, "barn") || strings.Count(page, `class="free is-taken"`) != 2 || strings.Count(page, `class="free is-held"`) != 2 {
		t.Errorf("the page shows too much or too little: %d taken, %d held", strings.Count(page, `class="free is-taken"`), strings.Count(page, `class="free is-held"`))
	}
	second := link("renew")
	if w.get(t, first, nil).Code != http.StatusNotFound || w.get(t, second, nil).Code != http.StatusOK {
		t.Error("the old link still leads somewhere, or the new one nowhere")
	}
	link("remove")
	if w.get(t, second, nil).Code != http.StatusNotFound || w.post(t, "/app/availability", url.Values{"do": {"dance"}}, owner).Code != http.StatusBadRequest {
		t.Error("a removed link leads somewhere, or nonsense is done")
	}
}
