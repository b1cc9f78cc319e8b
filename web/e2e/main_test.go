package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/playwright-community/playwright-go"

	"github.com/wedsync/wedsync/queries/testdb"
)

// patience is how long a test waits for something that should take a fraction of it: the machine is shared.
const patience = 30 * time.Second

// stage is what all journeys share: a copy of the binary, so that a build beside us changes nothing, and one browser.
type stage struct {
	folder  string
	binary  string
	driver  *playwright.Playwright
	browser playwright.Browser
}

// The tests of a package meet nowhere else: testing hands nothing from TestMain to a test.
var shared stage

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if shared.folder, err = os.MkdirTemp("", "wedsync-e2e-"); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(shared.folder)) }()
	if err := shared.set(); err != nil {
		return 1, err
	}
	code = m.Run()
	return code, errors.Join(shared.browser.Close(), shared.driver.Stop())
}

func (s *stage) set() error {
	if err := os.Chmod(s.folder, 0o755); err != nil { // the embedded Postgres runs as another user
		return err
	}
	s.binary = filepath.Join(s.folder, "wedsync")
	if err := copyFile(s.binary, filepath.Join("..", "..", "wedsync")); err != nil {
		return fmt.Errorf("%w; run: make build", err)
	}
	directory, err := driverFolder(s.folder)
	if err != nil {
		return err
	}
	if s.driver, err = playwright.Run(&playwright.RunOptions{DriverDirectory: directory, SkipInstallBrowsers: true}); err != nil {
		return err
	}
	options := playwright.BrowserTypeLaunchOptions{Args: []string{"--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-sync",
		"--disable-background-networking", "--no-first-run", "--disable-component-update"}}
	if path := chromium(); path != "" {
		options.ExecutablePath = &path
	}
	s.browser, err = s.driver.Chromium.Launch(options)
	return err
}

func copyFile(to, from string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// driverFolder dresses npm's playwright-core up as the driver that playwright-go would download.
func driverFolder(under string) (string, error) {
	module, err := filepath.Abs(filepath.Join("node_modules", "playwright-core"))
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(module); err != nil {
		return "", fmt.Errorf("%w; run: make browser", err)
	}
	directory := filepath.Join(under, "driver")
	if err := os.Mkdir(directory, 0o755); err != nil {
		return "", err
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return "", err
	}
	if err := os.Setenv("PLAYWRIGHT_NODEJS_PATH", node); err != nil {
		return "", err
	}
	return directory, os.Symlink(module, filepath.Join(directory, "package"))
}

// chromium is the machine's own; empty: Playwright's.
func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// house is a running program with a database of its own.
type house struct {
	*Program
	t  testing.TB
	db *pgxpool.Pool
}

// serve starts the program on a database of its own; it is gone when the test ends.
func serve(t testing.TB, o Options) *house {
	t.Helper()
	o.DatabaseURL = testdb.URL(t)
	db, err := pgxpool.New(t.Context(), o.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return &house{start(t, o), t, db}
}

func start(t testing.TB, o Options) *Program {
	t.Helper()
	o.Binary = shared.binary
	if o.Data == "" {
		folder, err := os.MkdirTemp(shared.folder, "data-")
		if err != nil {
			t.Fatal(err)
		}
		o.Data = folder
	}
	p, err := Start(soon(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("the program said:\n%s", p.Log())
		}
	})
	return p
}

// soon bounds a wait. It outlives the test's own context, so that clean-up may wait too.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeoutCause(context.Background(), patience, fmt.Errorf("%v are over", patience))
	t.Cleanup(cancel)
	return ctx
}

func await(t testing.TB, what string, yes func() (bool, error)) {
	t.Helper()
	if err := Await(soon(t), what, yes); err != nil {
		_, file, line, _ := runtime.Caller(1)
		t.Fatalf("%s:%d: %v", filepath.Base(file), line, err)
	}
}

func (h *house) again(args ...string) {
	h.t.Helper()
	if err := h.Again(soon(h.t), args...); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) cli(args ...string) map[string]string {
	h.t.Helper()
	made, err := h.CLI(args...)
	if err != nil {
		h.t.Fatal(err)
	}
	return made
}

// ask reads one value.
func ask[T any](h *house, sql string, args ...any) T {
	h.t.Helper()
	rows, err := h.db.Query(soon(h.t), sql, args...)
	if err != nil {
		h.t.Fatal(err)
	}
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	if err != nil {
		h.t.Fatalf("%s: %v", sql, err)
	}
	return v
}

const password = "a long walk on the beach"

// supplier is an organisation with its owner and a Stripe connection.
type supplier struct {
	org, user, email string
	stripe           sender
}

func (h *house) supplier(name, email string) supplier {
	h.t.Helper()
	made := h.cli("supplier", "add", "--name", name, "--category", "photographer", "--email", email, "--password", password)
	connection := h.cli("connection", "add", "--org", made["org_id"], "--provider", "stripe")
	return supplier{made["org_id"], made["user_id"], email, sender{url: connection["url"], secret: connection["secret"], id: connection["connection_id"]}}
}
