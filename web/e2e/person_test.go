package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

// person sits at a browser of their own. Whatever they cannot do fails the test, with a picture in shots/.
type person struct {
	t      testing.TB
	base   string
	tabs   playwright.BrowserContext
	page   playwright.Page
	expect playwright.PlaywrightAssertions
	heard  *complaints
}

// complaints are what the browser's console said that it should not have.
type complaints struct {
	sync.Mutex
	lines    []string
	forgiven *regexp.Regexp
}

func (c *complaints) add(line string) {
	c.Lock()
	defer c.Unlock()
	if c.forgiven == nil || !c.forgiven.MatchString(line) {
		c.lines = append(c.lines, line)
	}
}

// take gives what was said since it was last asked.
func (c *complaints) take() []string {
	c.Lock()
	defer c.Unlock()
	lines := c.lines
	c.lines = nil
	return lines
}

// sitDown opens a browser context. Complaints about pages and policies always fail; of a resource that did not load, only
// TestEveryPage complains, since other journeys pull the plug.
func sitDown(t testing.TB, base string, options ...playwright.BrowserNewContextOptions) *person {
	t.Helper()
	o := playwright.BrowserNewContextOptions{}
	if len(options) > 0 {
		o = options[0]
	}
	if o.Viewport == nil {
		o.Viewport = &playwright.Size{Width: 1280, Height: 900}
	}
	o.BaseURL, o.Locale, o.TimezoneId = &base, playwright.String("en-GB"), playwright.String("Europe/London")
	tabs, err := shared.browser.NewContext(o)
	if err != nil {
		t.Fatal(err)
	}
	tabs.SetDefaultTimeout(float64(patience.Milliseconds()))
	w := &person{t: t, base: base, tabs: tabs, expect: playwright.NewPlaywrightAssertions(float64(patience.Milliseconds())), heard: &complaints{}}
	tabs.OnPage(w.listen)
	w.page = must(tabs.NewPage())(t)
	t.Cleanup(w.standUp)
	return w
}

func (w *person) listen(page playwright.Page) {
	page.OnPageError(func(err error) { w.heard.add("error: " + err.Error()) })
	page.OnConsole(func(m playwright.ConsoleMessage) {
		if m.Type() != "error" && !strings.Contains(m.Text(), "Content Security Policy") {
			return
		}
		if strings.HasPrefix(m.Text(), "Failed to load resource") || strings.Contains(m.Text(), "net::ERR_") {
			return // TestEveryPage listens to responses itself
		}
		w.heard.add("console: " + strings.Join(strings.Fields(m.Text()), " ") + " at " + m.Location().URL)
	})
}

func (w *person) standUp() {
	if w.t.Failed() {
		w.picture("failed-" + strings.ReplaceAll(w.t.Name(), "/", "-"))
	}
	for _, line := range w.heard.take() {
		w.t.Errorf("the browser complained: %s", line)
	}
	if err := w.tabs.Close(); err != nil {
		w.t.Errorf("close the browser context: %v", err)
	}
}

func (w *person) picture(name string) {
	if err := os.MkdirAll("shots", 0o755); err != nil {
		w.t.Error(err)
	}
	if err := w.page.BringToFront(); err != nil { // a tab behind another is not painted
		w.t.Error(err)
	}
	_, err := w.page.Screenshot(playwright.PageScreenshotOptions{FullPage: playwright.Bool(true), Path: playwright.String(filepath.Join("shots", name+".png"))})
	if err != nil {
		w.t.Errorf("picture %s: %v", name, err)
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w *person) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// tab opens another tab of the same browser: the same session, another page.
func (w *person) tab() *person {
	w.t.Helper()
	other := *w
	other.page = must(w.tabs.NewPage())(w.t)
	return &other
}

func (w *person) visit(path string) playwright.Response {
	w.t.Helper()
	return must(w.page.Goto(path))(w.t)
}

func (w *person) at(path string) {
	w.t.Helper()
	w.ok(w.expect.Page(w.page).ToHaveURL(regexp.MustCompile("^" + regexp.QuoteMeta(w.base+path) + "$")))
}

func (w *person) field(label string) playwright.Locator {
	return w.page.GetByLabel(label, playwright.PageGetByLabelOptions{Exact: playwright.Bool(true)})
}

func (w *person) fill(label, value string) {
	w.t.Helper()
	w.ok(w.field(label).Fill(value))
}

func (w *person) choose(label, option string) {
	w.t.Helper()
	must(w.field(label).SelectOption(playwright.SelectOptionValues{Labels: &[]string{option}}))(w.t)
}

func (w *person) press(button string) {
	w.t.Helper()
	w.ok(w.page.GetByRole("button", playwright.PageGetByRoleOptions{Name: button, Exact: playwright.Bool(true)}).Click())
}

func (w *person) follow(link string) {
	w.t.Helper()
	w.ok(w.page.GetByRole("link", playwright.PageGetByRoleOptions{Name: link, Exact: playwright.Bool(true)}).First().Click())
}

func (w *person) see(words string) {
	w.t.Helper()
	w.ok(w.expect.Locator(w.page.Locator("main")).ToContainText(words))
}

func (w *person) text(selector string) string {
	w.t.Helper()
	return strings.TrimSpace(must(w.page.Locator(selector).TextContent())(w.t))
}

// js evaluates a script and gives what it returns.
func js[T any](w *person, script string, arg ...any) T {
	w.t.Helper()
	v, ok := must(w.page.Evaluate(script, arg...))(w.t).(T)
	if !ok {
		w.t.Fatalf("%s gave something else", script)
	}
	return v
}

func (w *person) signIn(email, password string) {
	w.t.Helper()
	w.visit("/login")
	w.fill("E-mail", email)
	w.fill("Password", password)
	w.press("Sign in")
	w.ok(w.page.WaitForURL(regexp.MustCompile(`/(app|us)$`)))
}

// hasFigure waits until the dashboard shows the figure.
func (w *person) hasFigure(kpi string, value int) {
	w.t.Helper()
	w.ok(w.expect.Locator(w.page.Locator("[data-kpi="+kpi+"]")).ToHaveAttribute("data-value", strconv.Itoa(value)))
}

// says waits until the page says how fresh it is: live, reconnecting or stale.
func (w *person) says(state string) {
	w.t.Helper()
	w.ok(w.expect.Locator(w.page.Locator("#live-status")).ToHaveAttribute("data-state", state))
}

// mark leaves something in the window that a reload would wipe away, and listens for the glow.
func (w *person) mark() {
	w.t.Helper()
	must(w.page.Evaluate(`() => {
		window.unreloaded = true
		window.glowed = []
		document.addEventListener('animationstart', e => e.animationName === 'glow' && window.glowed.push(e.target.closest('[data-kpi]').dataset.kpi))
	}`))(w.t)
}

func (w *person) sameWindow() {
	w.t.Helper()
	if !js[bool](w, `() => window.unreloaded === true`) {
		w.t.Fatal("the page was loaded again; it should have changed by itself")
	}
}

func since(began time.Time) string {
	return fmt.Sprintf("%d ms", time.Since(began).Milliseconds())
}
