package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"github.com/wedsync/wedsync/jobs/sandbox"
)

// TestTheOutbox reads an e-mail where the demo shows it, follows its link, and lets it bounce.
func TestTheOutbox(t *testing.T) {
	t.Parallel()
	g := &gallery{house: demo(t, Options{})}
	mail, _ := g.sent()
	w := sitDown(t, g.Base)
	w.visit("/sandbox/outbox")
	w.follow("Your photographs with Ada Lindqvist: the week of your wedding")
	w.at(mail)
	letter := w.page.FrameLocator("iframe")
	w.ok(w.expect.Locator(letter.GetByRole("heading", playwright.FrameLocatorGetByRoleOptions{Name: "Your week"})).ToBeVisible())
	popup := must(w.page.ExpectPopup(func() error { return letter.GetByRole("link").Click() }))(t)
	w.ok(w.expect.Locator(popup.GetByLabel("Password")).ToBeVisible()) // /us asks who is there, and nothing of the frame's sandbox came along
	w.ok(popup.Close())
	w.press("Mark as spam")
	w.see("Marked as spam")
	w.see("email.complained")
	w.visit(mail + "/html") // on a page of its own
	w.ok(w.expect.Locator(w.page.GetByRole("heading", playwright.PageGetByRoleOptions{Name: "Your week"})).ToBeVisible())
}

// TestACarrierHangsUp: through the whole server too, what was taken is left without an answer.
func TestACarrierHangsUp(t *testing.T) {
	t.Parallel()
	g := &gallery{house: demo(t, Options{})}
	w := sitDown(t, g.Base)
	w.visit("/sandbox/outbox")
	w.choose("Twilio", "Takes it and hangs up without an answer")
	w.ok(w.page.Locator(`form:has(#trouble-twilio) button`).First().Click())
	w.ok(w.expect.Locator(w.page.Locator("#trouble-twilio")).ToHaveValue(string(sandbox.HangsUp)))
	to := sandbox.NewWorld(time.Now()).Carriers(must(url.Parse(g.Base))(t))
	form := url.Values{"To": {"+447700900123"}, "From": {to.TwilioFrom}, "Body": {"Are you there?"}}
	req := must(http.NewRequest(http.MethodPost, to.TwilioURL+"/2010-04-01/Accounts/"+to.TwilioSID+"/Messages.json", strings.NewReader(form.Encode())))(t)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(to.TwilioSID, to.TwilioToken)
	if res, err := http.DefaultClient.Do(req); err == nil {
		res.Body.Close()
		t.Errorf("it answered %d", res.StatusCode)
	}
	w.visit("/sandbox/outbox")
	w.see("Are you there?")
}
