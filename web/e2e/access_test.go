package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

// A stream may outlive its right by a second.
const cutWithin = time.Second

func TestSignOutInOneTabEndsTheOther(t *testing.T) {
	t.Parallel()
	h := serve(t, Options{})
	ada := h.supplier("Ada Lindqvist", "ada@example.com")
	one := sitDown(t, h.Base)
	one.signIn(ada.email, password)
	one.says("live")
	other := one.tab()
	other.visit("/app")
	other.says("live")

	cookies := must(one.tabs.Cookies())(t)
	session := cookies[slices.IndexFunc(cookies, func(c playwright.Cookie) bool { return c.Name == "wedsync" })]
	stream := must(h.Live(t.Context(), &http.Cookie{Name: session.Name, Value: session.Value}, "kpis=0"))(t)

	began := time.Now()
	one.press("Sign out")
	other.at("/login")
	t.Logf("the other tab was at the sign-in page %s after the click", since(began))
	one.at("/login")
	if !stream.EndsWithin(cutWithin) {
		t.Errorf("a stream of the session was open %v after it had ended", cutWithin)
	}
	other.visit("/app")
	other.at("/login?next=%2Fapp")
}

func TestRoleChangeAndRemovalCutTheStream(t *testing.T) {
	t.Parallel()
	h := serve(t, Options{})
	ada := h.supplier("Ada Lindqvist", "ada@example.com")
	owner := sitDown(t, h.Base)
	owner.signIn(ada.email, password)
	owner.addToTeam("Sam Hill", "sam@example.com")

	sam := sitDown(t, h.Base)
	sam.signIn("sam@example.com", password)
	sam.says("live")
	asked := make(chan struct{}, 16)
	sam.page.OnRequest(func(r playwright.Request) {
		if strings.Contains(r.URL(), "/live?") {
			asked <- struct{}{}
		}
	})
	session := must(h.SignIn("sam@example.com", password))(t)
	stream := must(h.Live(t.Context(), session, "kpis=0"))(t)

	owner.choose("Role of Sam Hill", "Manager")
	owner.press("Change")
	owner.see("A role was changed")
	if !stream.EndsWithin(cutWithin) {
		t.Errorf("a stream of the old role was open %v after the change", cutWithin)
	}
	<-asked // the page has come back by itself, in the new role
	sam.says("live")
	sam.visit("/app/connections")
	sam.follow("New connection")
	sam.at("/app/connections/new")

	sam.visit("/app")
	sam.says("live")
	stream = must(h.Live(t.Context(), session, "kpis=0"))(t)
	owner.press("Remove")
	owner.ok(owner.page.GetByRole("dialog").GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Remove"}).Click())
	owner.see("Somebody was removed")
	began := time.Now()
	if !stream.EndsWithin(cutWithin) {
		t.Errorf("a stream of somebody removed was open %v later", cutWithin)
	}
	sam.at("/login")
	t.Logf("who was removed was at the sign-in page %s after the owner saw it done", since(began))
	sam.fill("E-mail", "sam@example.com")
	sam.fill("Password", password)
	sam.press("Sign in")
	sam.see("Your account belongs to no organisation any more")
	sam.visit("/app")
	sam.see("New here?") // the sign-in page: no session was made
}

func (w *person) addToTeam(name, email string) {
	w.t.Helper()
	w.visit("/app/settings")
	w.fill("Name", name)
	w.fill("E-mail", email)
	w.fill("First password optional", password)
	w.press("Add to the team")
	w.see(name)
}
