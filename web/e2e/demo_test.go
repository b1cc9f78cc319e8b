package e2e

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/wedsync/wedsync/jobs/sandbox"
)

// demo serves the made-up world and waits until its season has been applied.
func demo(t testing.TB, o Options) *house {
	t.Helper()
	o.Args = []string{"--demo"}
	h := serve(t, o)
	await(t, "the demo's season", func() (bool, error) {
		return ask[bool](h, `SELECT count(*) > 0 AND count(*) FILTER (WHERE status = 'accepted') = 0 FROM webhook_logs`), nil
	})
	return h
}

// TestDemoEveryButton presses every button of the sandbox and sees what it does on the dashboard beside it.
func TestDemoEveryButton(t *testing.T) {
	t.Parallel()
	h := demo(t, Options{})
	for _, s := range sandbox.Suppliers {
		t.Run(s.Slug, func(t *testing.T) {
			t.Parallel()
			bench := sitDown(t, h.Base)
			bench.visit("/sandbox")
			dashboard := bench.signInAs(s.Slug)
			for _, scenario := range sandbox.Scenarios() {
				if slices.Contains(s.Providers, scenario.Provider) {
					bench.pressFor(s.Org, scenario, dashboard)
				}
			}
			dashboard.sameWindow()
		})
	}
}

// signInAs gives the tab that the sandbox opens.
func (w *person) signInAs(slug string) *person {
	w.t.Helper()
	tab := *w
	tab.page = must(w.page.ExpectPopup(func() error {
		return w.page.Locator(`[name=person][value=` + slug + `]`).Click()
	}))(w.t)
	tab.says("live")
	tab.mark()
	return &tab
}

// moves says which figure a scenario moves, and by how much. What is not here moves no figure, only the page's version.
func moves(key string) (kpi string, by int) {
	switch {
	case key == "stripe_paid":
		return "revenue_paid", 50_000
	case key == "stripe_refund":
		return "revenue_refunded", 12_000
	case key == "wedme_signup":
		return "invites_accepted", 1
	case strings.HasSuffix(key, "_booking"):
		return "bookings_confirmed", 1
	case strings.HasSuffix(key, "_client"):
		return "clients_active", 1
	default:
		return "revenue_paid", 0
	}
}

func (w *person) pressFor(org string, s sandbox.Scenario, dashboard *person) {
	w.t.Helper()
	version := must(dashboard.page.Locator("#kpis").GetAttribute("data-version"))(w.t)
	kpi, by := moves(s.Key)
	before := dashboard.figure(kpi)
	section := w.page.GetByRole("region", playwright.PageGetByRoleOptions{Name: "Send to " + org})
	w.ok(section.Locator(`[name=delivery][value=` + s.Key + `]`).Click())
	notice := w.page.Locator(".notice").First()
	w.ok(w.expect.Locator(notice).ToContainText(s.Label))
	w.ok(w.expect.Locator(notice).ToContainText("Accepted (202)"))
	w.ok(w.expect.Locator(dashboard.page.Locator("#kpis")).Not().ToHaveAttribute("data-version", version))
	dashboard.hasFigure(kpi, before+by)
}

func (w *person) figure(kpi string) int {
	w.t.Helper()
	value := must(w.page.Locator("[data-kpi=" + kpi + "]").GetAttribute("data-value"))(w.t)
	return must(strconv.Atoi(value))(w.t)
}

// TestDemoDeliveries: what could not be read is found, explained whole, and run again.
func TestDemoDeliveries(t *testing.T) {
	t.Parallel()
	h := demo(t, Options{})
	w := sitDown(t, h.Base)
	w.visit("/sandbox")
	tab := w.signInAs("thyme")
	for _, s := range sandbox.Scenarios() {
		if s.Key == "custom_wrong" || s.Key == "custom_booking" {
			w.pressFor("Wild Thyme Flowers", s, tab)
		}
	}

	tab.ok(tab.expect.Locator(tab.page.Locator("[data-kpi=events_waiting]")).ToContainText("needs a look"))

	tab.visit("/app/connections")
	tab.follow("Your own system")
	tab.fill("Search", "payment.completed")
	tab.press("Search")
	rows := tab.page.Locator("#deliveries tbody tr")
	tab.ok(tab.expect.Locator(rows).ToHaveCount(1))
	tab.ok(tab.expect.Locator(rows).ToContainText("Could not be read"))
	tab.fill("Search", "nothing is called like this")
	tab.press("Search")
	tab.see("Nothing like that")

	tab.fill("Search", "")
	tab.choose("How they stand", "Could not be read")
	tab.press("Search")
	tab.follow("A payment came in")
	tab.see("500.00")
	raw := tab.text("#body")
	if !strings.Contains(raw, `"amount": "500.00"`) {
		t.Errorf("the raw body is not what was sent: %s", raw)
	}
	attempts := tab.page.GetByRole("list", playwright.PageGetByRoleOptions{Name: "Attempts"}).GetByRole("listitem")
	tab.ok(tab.expect.Locator(attempts).ToHaveCount(1))
	tab.press("Run again")
	await(t, "the second attempt", func() (bool, error) {
		return ask[int](h, `SELECT max(attempts) FROM webhook_logs WHERE event_type = 'payment.completed' AND provider = 'custom'`) == 2, nil
	})
	must(tab.page.Reload())(t)
	tab.ok(tab.expect.Locator(attempts).ToHaveCount(2))

	tab.follow("Your own system")
	tab.follow("A new booking")
	tab.ok(tab.expect.Locator(tab.page.Locator("#normalised")).ToContainText(`"booking.created"`))
	tab.see("Applied")
	tab.ok(tab.expect.Locator(tab.page.GetByRole("button", playwright.PageGetByRoleOptions{Name: regexp.MustCompile("Run again")})).ToHaveCount(0))
}
