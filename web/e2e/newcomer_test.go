package e2e

import (
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/views/ui"
)

// otherSide is a tab in which somebody sits at a made-up provider's own calendar.
type otherSide struct {
	*person
	at string
}

func (w *person) otherSide(side, account string) *otherSide {
	w.t.Helper()
	o := &otherSide{w.tab(), "/sandbox/calendars?side=" + side + "&account=" + url.QueryEscape(account)}
	o.visit(o.at)
	return o
}

func (o *otherSide) event(title string) playwright.Locator {
	return o.page.Locator("li.line", playwright.PageLocatorOptions{HasText: title})
}

func (o *otherSide) add(title string, day time.Time, at, until string) {
	o.t.Helper()
	form := o.page.Locator(`form[action="/sandbox/calendars/events"]`)
	for name, value := range map[string]string{"title": title, "on": day.Format(time.DateOnly), "at": at, "until": until} {
		o.ok(form.Locator("[name=" + name + "]").Fill(value))
	}
	o.press("Add it")
	o.ok(o.expect.Locator(o.event(title)).ToBeVisible())
}

// change presses a button of an event that is there.
func (o *otherSide) change(title, button string) {
	o.t.Helper()
	o.visit(o.at)
	o.ok(o.event(title).GetByText("Change it").Click())
	o.ok(o.event(title).GetByRole("button", playwright.LocatorGetByRoleOptions{Name: button, Exact: playwright.Bool(true)}).Click())
	o.ok(o.page.WaitForURL(o.base + o.at))
}

// has waits until an event stands on a day there. The page does not follow by itself, as a provider's does not have to.
func (o *otherSide) has(title string, day time.Time) {
	o.t.Helper()
	there := o.page.GetByRole("list", playwright.PageGetByRoleOptions{Name: "Events on " + ui.Day(day), Exact: playwright.Bool(true)}).
		Locator("li", playwright.LocatorLocatorOptions{HasText: title})
	await(o.t, title+" at the provider on "+ui.Day(day), func() (bool, error) {
		if _, err := o.page.Goto(o.at); err != nil {
			return false, err
		}
		n, err := there.Count()
		return n == 1, err
	})
}

// connects goes to the provider's page of consent, says yes as somebody, and waits until their calendar was read.
func (w *person) connects(button, as string) {
	w.t.Helper()
	w.visit("/app/calendars")
	w.press(button)
	w.ok(w.page.GetByRole("radio", playwright.PageGetByRoleOptions{Name: regexp.MustCompile("^" + as)}).Check())
	w.press("Allow")
	w.see("Connected. Its calendars are read")
	w.visit("/app/calendars")
	w.says("live")
	w.see("Fresh as of")
}

// opens the calendar at a day, to be watched.
func (w *person) opens(day time.Time) {
	w.t.Helper()
	w.visit("/app/calendar?on=" + day.Format(time.DateOnly))
	w.says("live")
	must(w.page.Evaluate(`() => { window.unreloaded = true }`))(w.t)
}

func (w *person) cell(day time.Time) playwright.Locator {
	return w.page.Locator(`td[data-day="` + day.Format(time.DateOnly) + `"]`)
}

func (w *person) shows(day time.Time, words string) {
	w.t.Helper()
	w.ok(w.expect.Locator(w.cell(day)).ToContainText(words))
	w.sameWindow()
}

func (w *person) showsNot(day time.Time, words string) {
	w.t.Helper()
	w.ok(w.expect.Locator(w.cell(day)).Not().ToContainText(words))
	w.sameWindow()
}

// fullWeek is the Monday of a week far enough ahead that the demo's people have nothing in it from Tuesday to Friday.
func fullWeek() time.Time {
	now := time.Now()
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	return today.AddDate(0, 0, (8-int(today.Weekday()))%7+21)
}

// TestANewcomerConnectsTheirCalendar goes the whole way with Google: connect it, have it followed, be kept from booking over it,
// find the copy there, and settle what both sides changed.
func TestANewcomerConnectsTheirCalendar(t *testing.T) {
	t.Parallel()
	const couple, event = "Kay & Fry", "Boiler inspection"
	h := demo(t, Options{})
	w := sitDown(t, h.Base)
	w.signIn("henry@demo.example", sandbox.Password)
	w.connects("Connect Google Calendar", "Henry Holm")
	google, watch := w.otherSide("google", "henry.holm@gmail.example"), w.tab()
	monday := fullWeek()
	tuesday, wednesday, thursday, friday := monday.AddDate(0, 0, 1), monday.AddDate(0, 0, 2), monday.AddDate(0, 0, 3), monday.AddDate(0, 0, 4)

	// What comes there comes here, and cannot be booked over.
	watch.opens(wednesday)
	google.add(event, wednesday, "10:00", "16:00")
	watch.shows(wednesday, event)
	w.visit("/app/bookings/new?on=" + wednesday.Format(time.DateOnly))
	w.fill("Who is it for?", couple)
	w.press("Take the date")
	w.see("This date is not free")
	w.see(event)
	google.change(event, "Delete")
	watch.showsNot(wednesday, event)
	w.press("Take the date")
	w.see("It is held.")
	google.has("Hold: "+couple, wednesday)
	w.press("Confirm it")
	w.see("It is confirmed.")
	w.ok(w.expect.Locator(w.page.Locator("#receipt")).ToContainText("Henry Holm"))

	// What comes here comes there, and is moved there.
	await(t, "the copy to say that it is confirmed", func() (bool, error) {
		google.visit(google.at)
		n, err := google.event("Hold: " + couple).Count()
		return n == 0, err
	})
	google.has(couple, wednesday)
	w.ok(google.expect.Locator(google.event(couple)).ToContainText("From WedSync"))
	watch.shows(wednesday, couple)
	google.change(couple, "A day later")
	watch.shows(thursday, couple)
	watch.showsNot(wednesday, couple)

	// Both sides move it before either has heard of the other: a person settles that, and thinks again.
	must(google.page.Locator("#trouble").SelectOption(playwright.SelectOptionValues{Values: &[]string{string(sandbox.Silent)}}))(t)
	google.press("Set")
	google.change(couple, "A day later")
	conflicts := w.tab()
	conflicts.visit("/app/conflicts")
	conflicts.says("live")
	must(w.page.Reload())(t)
	w.fill("Begins", tuesday.Format(time.DateOnly)+"T12:00")
	w.fill("Ends", tuesday.Format(time.DateOnly)+"T20:00")
	w.press("Move")
	w.see("It was moved.")
	watch.shows(tuesday, couple)
	const clash = "The time of " + couple + " was changed on both sides"
	conflicts.see(clash)
	conflicts.follow(clash)
	conflicts.see(friday.Format("2 January"))
	conflicts.press("Take theirs")
	conflicts.see("Settled.")
	watch.shows(friday, couple)
	conflicts.press("Undo this")
	conflicts.see("Undone.")
	watch.shows(tuesday, couple)
	google.has(couple, friday) // nothing is written there until it is settled
	conflicts.visit("/app/conflicts")
	conflicts.follow(clash)
	conflicts.press("Keep ours")
	conflicts.see("Settled.")
	google.has(couple, tuesday)
	watch.shows(tuesday, couple)
	conflicts.visit("/app/conflicts")
	conflicts.see("All sides agree")
}

// TestANewcomerConnectsOutlook: the same with Microsoft, as far as the way differs.
func TestANewcomerConnectsOutlook(t *testing.T) {
	t.Parallel()
	const couple, event = "Rossi & Bianchi", "Fire inspection"
	h := demo(t, Options{})
	w := sitDown(t, h.Base)
	w.signIn("henry@demo.example", sandbox.Password)
	w.connects("Connect Outlook", "Henry Holm")
	outlook, watch := w.otherSide("microsoft", "events@holmhouse.example"), w.tab()
	thursday := fullWeek().AddDate(0, 0, 3)
	watch.opens(thursday)
	outlook.add(event, thursday, "10:00", "16:00")
	watch.shows(thursday, event)
	w.visit("/app/bookings/new?on=" + thursday.Format(time.DateOnly))
	w.fill("Who is it for?", couple)
	w.press("Take the date")
	w.see("This date is not free")
	w.see(event)
	outlook.change(event, "Delete")
	watch.showsNot(thursday, event)
	w.press("Take the date")
	w.see("It is held.")
	outlook.has("Hold: "+couple, thursday)
	outlook.change("Hold: "+couple, "A day later")
	watch.shows(thursday.AddDate(0, 0, 1), couple)
}
