package e2e

import (
	"bytes"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
)

// TestWithoutJavaScript: everything but liveness works.
func TestWithoutJavaScript(t *testing.T) {
	t.Parallel()
	h := serve(t, Options{})
	w := sitDown(t, h.Base, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(false)})
	signUp(w)
	w.press("Sign out")
	w.at("/login")
	w.signIn("ada@example.com", password)

	w.follow("Make the first connection")
	w.ok(w.page.GetByRole("radio", playwright.PageGetByRoleOptions{Name: regexp.MustCompile("^Your own system")}).Check())
	w.press("Make the connection")
	url, secret := w.text("code#url"), w.text("code#secret")
	w.follow("Watch for the first delivery")
	w.see("Nothing has arrived yet")

	h.applyOwn(url, secret, `{"id":"evt-1","type":"payment.completed","occurred_at":"2026-10-05T10:00:00Z","data":{"payment":{"external_id":"p-1","amount":50000,"currency":"GBP","status":"completed"}}}`)
	h.applyOwn(url, secret, `{"id":"evt-2","type":"payment.completed","occurred_at":"2026-10-05T10:00:00Z","data":{"payment":{"external_id":"p-2","amount":"lots","currency":"GBP","status":"completed"}}}`)
	must(w.page.Reload())(t)
	w.ok(w.expect.Locator(w.page.Locator("#deliveries tbody tr")).ToHaveCount(2))
	w.choose("How they stand", "Could not be read")
	w.press("Search")
	w.follow("A payment came in")
	w.press("Run again")
	await(t, "the second attempt", func() (bool, error) {
		return ask[int](h, `SELECT attempts FROM webhook_logs WHERE event_id = 'evt-2'`) == 2, nil
	})
	w.visit("/app")
	w.hasFigure("revenue_paid", 50_000)
	w.press("Sign out")
	w.at("/login")
}

// applyOwn posts a delivery of our own shape and waits until it has been dealt with.
func (h *house) applyOwn(url, secret, body string) {
	h.t.Helper()
	req := must(http.NewRequestWithContext(soon(h.t), http.MethodPost, url, bytes.NewReader([]byte(body))))(h.t)
	req.Header = inbound.Sign(queries.ProviderCustom, secret, []byte(body), time.Now())
	req.Header.Set("Content-Type", "application/json")
	res := must(http.DefaultClient.Do(req))(h.t)
	defer res.Body.Close()
	if res.StatusCode != http.StatusAccepted {
		h.t.Fatalf("the delivery was answered by %s", res.Status)
	}
	await(h.t, "the delivery to be dealt with", func() (bool, error) {
		return ask[int](h, `SELECT count(*) FROM webhook_logs WHERE status = 'accepted'`) == 0, nil
	})
}
