package e2e

import (
	"sync"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// TestWhoChoosesAgainOrLeavesIsNoError holds the previews of a form that tries itself out at every change: each is
// replaced by the next, the last is left behind, and the console has nothing to complain of.
func TestWhoChoosesAgainOrLeavesIsNoError(t *testing.T) {
	t.Parallel()
	h := serve(t, Options{})
	ada := h.supplier("Ada Lindqvist", "ada@example.com")
	own := h.cli("connection", "add", "--org", ada.org, "--provider", "custom")
	h.applyOwn(own["url"], own["secret"], `{"what":"Deposit in","ref":"INV-7","sum":"£1,250.00"}`)
	w := sitDown(t, h.Base)
	w.signIn(ada.email, password)
	w.visit("/app/connections/" + own["connection_id"] + "/mapping")
	var held sync.WaitGroup
	held.Add(3)
	w.ok(w.page.Route("**/mapping/preview", func(playwright.Route) { held.Done() }))
	w.choose("Or what every delivery means", "A client's details have changed")
	for _, value := range []string{"ref", "sum"} {
		must(w.field("Client's own id").SelectOption(playwright.SelectOptionValues{Values: &[]string{value}}))(t)
	}
	held.Wait()
	w.press("Keep as version 1")
	w.see("From now on deliveries are read by your reading 1")
	w.ok(w.expect.Locator(w.field("Client's own id")).ToHaveValue("sum"))
}
