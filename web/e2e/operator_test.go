package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// TestOperator: who is named in WEDSYNC_OPERATORS sees the node and River's own pages; nobody else does.
func TestOperator(t *testing.T) {
	t.Parallel()
	h := serve(t, Options{Operators: "root@example.com"})
	operator, ada := h.supplier("The operators", "Root@example.com"), h.supplier("Ada Lindqvist", "ada@example.com")
	h.apply(ada.stripe, paid(1, 50_000))

	w := sitDown(t, h.Base)
	w.failOnBroken()
	// The library that reads River's answers tries whether it may compile code, and is told no. It then does without.
	w.heard.forgiven = regexp.MustCompile(`'script-src' was not explicitly set.* at .*/ops/jobs/assets/main-`)
	w.signIn(operator.email, password)
	w.visit("/ops")
	w.see("Database")
	w.see("none waits")
	w.follow("Jobs")
	w.ok(w.page.WaitForURL("**/ops/jobs/**"))
	w.ok(w.page.GetByRole("link", playwright.PageGetByRoleOptions{Name: "Completed"}).First().Click())
	w.ok(w.expect.Locator(w.page.GetByText("drain_lane").First()).ToBeVisible())
	w.picture("river-1280-light")
	w.visit("/ops/jobs/queues")
	w.ok(w.expect.Locator(w.page.GetByText("inbound").First()).ToBeVisible())

	stranger := sitDown(t, h.Base)
	stranger.signIn(ada.email, password)
	stranger.lost("/ops", http.StatusForbidden, "Your role does not include this page")
	stranger.lost("/ops/jobs/", http.StatusForbidden, "Your role does not include this page")
	stranger.lost("/ops/jobs/api/jobs", http.StatusForbidden, "Your role does not include this page")
}

// failOnBroken makes whatever does not load a complaint. A page that is left takes its stream along.
func (w *person) failOnBroken() {
	w.tabs.OnResponse(func(r playwright.Response) {
		if r.Status() >= 400 && !r.Request().IsNavigationRequest() {
			w.heard.add(r.URL() + ": " + r.StatusText())
		}
	})
	w.tabs.OnRequestFailed(func(r playwright.Request) {
		if failure := r.Failure(); failure != nil && failure.Error() != "net::ERR_ABORTED" && !strings.Contains(r.URL(), "/live?") {
			w.heard.add(r.URL() + ": " + failure.Error())
		}
	})
}
