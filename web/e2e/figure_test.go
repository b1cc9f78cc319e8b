package e2e

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

// TestFromSignUpToAFigureThatMoves is the product's promise, walked by a supplier who has just heard of it.
func TestFromSignUpToAFigureThatMoves(t *testing.T) {
	t.Parallel()
	h := serve(t, Options{})
	ada := sitDown(t, h.Base, playwright.BrowserNewContextOptions{Permissions: []string{"clipboard-read", "clipboard-write"}})

	signUp(ada)
	stripe := connectStripe(ada, copied)

	ada.visit("/app")
	ada.says("live")
	ada.mark()
	began := time.Now()
	stripe.send(t, paid(1, 50_000))
	ada.hasFigure("revenue_paid", 50_000)
	t.Logf("Stripe's post to the figure in the browser: %s", since(began))
	ada.sameWindow()
	glowedAndSaysWhen(ada)

	h.Kill()
	ada.says("reconnecting")
	h.again()
	began = time.Now()
	stripe.send(t, paid(2, 25_000))
	ada.hasFigure("revenue_paid", 75_000)
	ada.says("live")
	back := time.Since(began)
	t.Logf("after kill -9 and a restart the page was back %d ms after the server", back.Milliseconds())
	if back > 4*time.Second {
		t.Errorf("the page needed %v to come back, want less than 2 s (4 s on a loaded machine)", back)
	}
	ada.sameWindow()
}

func signUp(w *person) {
	w.visit("/")
	w.follow("Open an account")
	w.fill("Name of your business", "Ada Lindqvist Photography")
	w.choose("What you do", "Photographer")
	w.choose("Time zone", "Europe/London")
	w.choose("Currency", "GBP")
	w.fill("Your name", "Ada Lindqvist")
	w.fill("E-mail", "ada@example.com")
	w.fill("Password", password)
	w.press("Open the account")
	w.at("/app")
	w.hasFigure("revenue_paid", 0)
}

// connectStripe makes the connection from an empty dashboard and takes address and secret from the page.
func connectStripe(w *person, read func(w *person, selector string) string) sender {
	w.t.Helper()
	w.follow("Make the first connection")
	w.ok(w.page.GetByRole("radio", playwright.PageGetByRoleOptions{Name: regexp.MustCompile("^Stripe")}).Check())
	w.press("Make the connection")
	w.ok(w.expect.Locator(w.page.Locator("code#secret")).ToContainText("whsec_"))
	return sender{url: read(w, "code#url"), secret: read(w, "code#secret")}
}

// copied takes a value as a person does: with its copy button.
func copied(w *person, selector string) string {
	w.t.Helper()
	button := w.page.Locator(".field").Filter(playwright.LocatorFilterOptions{Has: w.page.Locator(selector)}).Locator("[data-copy]")
	w.ok(button.Click())
	w.ok(w.expect.Locator(button).ToContainText("Copied"))
	clipboard := js[string](w, `() => navigator.clipboard.readText()`)
	if shown := w.text(selector); clipboard != shown || shown == "" {
		w.t.Fatalf("copied %q, the page shows %q", clipboard, shown)
	}
	return clipboard
}

func glowedAndSaysWhen(w *person) {
	await(w.t, "the figure to glow", func() (bool, error) {
		glowed := js[[]any](w, `() => window.glowed`)
		return slices.Contains(glowed, any("revenue_paid")), nil
	})
	when := w.page.Locator("[data-kpi=revenue_paid] [data-changed]")
	w.ok(w.expect.Locator(when).ToHaveText(regexp.MustCompile(`^\d\d:\d\d:\d\d$`)))
	changed := js[string](w, `() => document.querySelector('#kpis').dataset.changedAt`)
	if _, err := time.Parse(time.RFC3339Nano, changed); err != nil {
		w.t.Errorf("data-changed-at is %q: %v", changed, err)
	}
	if at := must(when.GetAttribute("datetime"))(w.t); at != changed {
		w.t.Errorf("the figure says %s, its region %s", at, changed)
	}
}
