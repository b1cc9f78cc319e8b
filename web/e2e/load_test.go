package e2e

import (
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/wedsync/wedsync/jobs/sandbox"
)

// TestDashboardIsLightAndStill: the first load of the dashboard with nothing in the cache, as it goes over the wire.
func TestDashboardIsLightAndStill(t *testing.T) {
	t.Parallel()
	h := demo(t, Options{})
	session := must(h.SignIn("ada@demo.example", sandbox.Password))(t)
	for _, size := range []playwright.Size{{Width: 390, Height: 844}, {Width: 1280, Height: 844}} {
		w := sitDown(t, h.Base, playwright.BrowserNewContextOptions{Viewport: &size})
		w.ok(w.tabs.AddCookies([]playwright.OptionalCookie{{Name: session.Name, Value: session.Value, URL: &h.Base}}))
		w.ok(w.tabs.AddInitScript(playwright.Script{Content: playwright.String(`
			window.shifted = 0
			new PerformanceObserver(list => list.getEntries().forEach(e => { window.shifted += e.value })).observe({ type: 'layout-shift', buffered: true })`)}))
		cdp := must(w.tabs.NewCDPSession(w.page))(t)
		loaded := 0.0
		cdp.On("Network.loadingFinished", func(params map[string]any) { loaded += params["encodedDataLength"].(float64) })
		must(cdp.Send("Network.enable", nil))(t)
		w.visit("/app")
		w.says("live")
		w.ok(w.page.WaitForLoadState(playwright.PageWaitForLoadStateOptions{State: playwright.LoadStateLoad}))
		must(w.page.Evaluate(`() => document.fonts.ready.then(() => true)`))(t)
		shifted := js[any](w, `() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(window.shifted))))`)
		t.Logf("at %d px: %.1f kB, layout shift %v", size.Width, loaded/1000, shifted)
		if loaded > 160_000 {
			t.Errorf("the dashboard's first load takes %.1f kB, want up to 160", loaded/1000)
		}
		if v, ok := shifted.(float64); ok && v >= 0.02 {
			t.Errorf("the page shifts by %v while it loads, want less than 0.02", v)
		}
	}
}
