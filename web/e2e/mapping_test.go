package e2e

import (
	"testing"

	"github.com/playwright-community/playwright-go"
)

// TestASupplierSaysHowTheirSenderIsRead chooses fields on a real delivery, with and without JavaScript.
func TestASupplierSaysHowTheirSenderIsRead(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]bool{"with JavaScript": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := serve(t, Options{})
			ada := h.supplier("Ada Lindqvist", "ada@example.com")
			own := h.cli("connection", "add", "--org", ada.org, "--provider", "custom")
			h.applyOwn(own["url"], own["secret"], `{"what":{"name":"Deposit in"},"ref":"INV-7","sum":"£1,250.00","bride":{"mail":"anna@example.com"}}`)
			h.applyOwn(own["url"], own["secret"], `{"what":{"name":"Note added"},"ref":"N-1","sum":""}`)
			w := sitDown(t, h.Base, playwright.BrowserNewContextOptions{JavaScriptEnabled: &script})
			w.signIn(ada.email, password)
			w.visit("/app/connections/" + own["connection_id"] + "/mapping")
			tried := func() {
				if !script {
					w.press("Preview")
				}
			}
			path := func(label, value string) {
				t.Helper()
				must(w.field(label).SelectOption(playwright.SelectOptionValues{Values: &[]string{value}}))(t)
			}
			if script {
				w.mark()
			}
			path("Field that says what happened", "what.name")
			tried()
			w.choose("“Deposit in” means", "A payment was made")
			path("Payment's own id", "ref")
			w.ok(w.page.Locator(`[id="path-payment-amount"]`).Click())
			must(w.page.Locator(`[id="path-payment-amount"]`).SelectOption(playwright.SelectOptionValues{Values: &[]string{"sum"}}))(t)
			tried()
			w.see("1 of 2 deliveries are read; 1 kept and not used.")
			w.see("£1,250.00")
			if script {
				w.sameWindow()
				w.ok(w.expect.Locator(w.field("“Deposit in” means")).ToHaveValue("payment.completed"))
			}
			w.press("Keep as version 1")
			w.see("From now on deliveries are read by your reading 1")
			w.ok(w.expect.Locator(w.page.Locator(`[id="path-payment-amount"]`)).ToHaveValue("sum"))
		})
	}
}
