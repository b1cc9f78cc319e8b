package e2e

import (
	"regexp"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// TestWhatPeopleGetWrong: each mistake is told where it was made, and nothing else is lost.
func TestWhatPeopleGetWrong(t *testing.T) {
	t.Parallel()
	h := serve(t, Options{})
	ada, other := h.supplier("Ada Lindqvist", "ada@example.com"), h.supplier("Holm House", "henry@example.com")
	h.cli("couple", "add", "--names", "Anna & Tom", "--email", "anna@example.com", "--password", password, "--date", "2027-06-12")
	delivery := other.stripe.send(t, paid(1, 50_000)).ID

	w := sitDown(t, h.Base)
	w.visit("/login")
	w.fill("E-mail", ada.email)
	w.fill("Password", "not my password")
	w.press("Sign in")
	w.see("do not belong together")
	w.ok(w.expect.Locator(w.field("E-mail")).ToHaveValue(ada.email))

	w.visit("/signup")
	w.fill("Name of your business", "Wild Thyme")
	w.fill("E-mail", "nobody")
	w.fill("Password", "short")
	w.sendUnchecked()
	w.wrong("person", "Your name", "Give your name")
	w.wrong("email", "E-mail", "Give an e-mail address")
	w.wrong("password", "Password", "at least 10 characters")
	w.ok(w.expect.Locator(w.field("Name of your business")).ToHaveValue("Wild Thyme"))
	w.fill("Your name", "Thea Moss")
	w.fill("E-mail", "ADA@example.com")
	w.fill("Password", password)
	w.press("Open the account")
	w.wrong("email", "E-mail", "has an account already")

	w.signIn(ada.email, password)
	w.lost("/nowhere", 404, "There is no such page")
	w.lost("/app/connections/"+other.stripe.id, 404, "not one of yours")
	w.lost("/app/deliveries/"+delivery, 404, "not one of yours")
	w.lost("/app/connections/not-an-id", 404, "There is no such page")
	w.visit("/app/connections/new")
	w.fill("Signing secret optional", "short")
	w.press("Make the connection")
	w.wrong("secret", "Signing secret", "between 16 and 255")

	w.addToTeam("Sam Hill", "sam@example.com")
	w.press("Sign out")
	w.signIn("sam@example.com", password)
	w.lost("/app/connections/new", 403, "Your role does not include this page")
	w.visit("/app")
	w.press("Sign out")
	w.signIn("anna@example.com", password)
	w.lost("/app", 403, "Your role does not include this page")
	w.lost("/ops", 403, "Your role does not include this page")
}

// sendUnchecked sends the form as a browser that does not check it first.
func (w *person) sendUnchecked() {
	w.t.Helper()
	must(w.page.Evaluate(`() => { document.querySelector('form.form').noValidate = true }`))(w.t)
	w.press("Open the account")
}

// wrong looks for a fault beside its field, tied to it for who does not see.
func (w *person) wrong(name, label, words string) {
	w.t.Helper()
	w.ok(w.expect.Locator(w.page.Locator("#" + name + "-error")).ToContainText(words))
	control := w.page.GetByLabel(regexp.MustCompile("^" + regexp.QuoteMeta(label))).First()
	w.ok(w.expect.Locator(control).ToHaveAttribute("aria-invalid", "true"))
	w.ok(w.expect.Locator(control).ToHaveAttribute("aria-describedby", regexp.MustCompile(name+"-error")))
	w.ok(w.expect.Locator(w.page.GetByRole("alert").GetByRole("link", playwright.LocatorGetByRoleOptions{Name: words})).ToBeVisible())
}

// lost is at a page that cannot be shown: the right status, the reason in words, a way on.
func (w *person) lost(path string, status int, words string) {
	w.t.Helper()
	if got := w.visit(path).Status(); got != status {
		w.t.Errorf("%s answered %d, want %d", path, got, status)
	}
	w.see(words)
	w.ok(w.expect.Locator(w.page.GetByRole("link", playwright.PageGetByRoleOptions{Name: regexp.MustCompile("To the start|To today")})).ToBeVisible())
}
