package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/jobs/calendar"
	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/queries/testdb"
)

// shell runs commands against one database and one data directory.
type shell struct {
	env map[string]string
}

func newShell(t *testing.T) *shell {
	t.Helper()
	return &shell{map[string]string{"DATABASE_URL": testdb.URL(t), "WEDSYNC_DATA": t.TempDir(), "WEDSYNC_URL": "https://app.example.com"}}
}

func (s *shell) run(t *testing.T, args ...string) (code int, out, log string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := &program{getenv: func(name string) string { return s.env[name] }, out: &stdout, err: &stderr}
	code = p.run(t.Context(), args)
	return code, stdout.String(), stderr.String()
}

// made runs a command that must succeed and print one JSON object with exactly these keys.
func (s *shell) made(t *testing.T, keys []string, args ...string) map[string]string {
	t.Helper()
	code, out, log := s.run(t, args...)
	var object map[string]string
	decoder := json.NewDecoder(strings.NewReader(out))
	if err := decoder.Decode(&object); code != 0 || err != nil || decoder.More() {
		t.Fatalf("%v: exit %d, %q, %q (%v)", args, code, out, log, err)
	}
	if got := slices.Sorted(maps.Keys(object)); !slices.Equal(got, keys) {
		t.Errorf("%v prints %v, want %v", args, got, keys)
	}
	return object
}

var addSupplier = []string{"supplier", "add", "--name", "Kay Photography", "--category", "photographer", "--email", "kay@example.com", "--password", "ten characters", "--json"}

func TestConfigureShowsEveryDefault(t *testing.T) {
	t.Parallel()
	c, err := configure(func(string) string { return "" })
	if err != nil || c.Addr != "127.0.0.1:8080" || c.URL.String() != "http://127.0.0.1:8080" || c.Data != ".data" || c.DatabaseURL != "" || c.Keys != "" || len(c.Operators) > 0 {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = configure(func(name string) string {
		return map[string]string{"WEDSYNC_OPERATORS": "a@example.com, b@example.com,,", "WEDSYNC_ADDR": ":80", "WEDSYNC_URL": "https://app.example.com"}[name]
	})
	if err != nil || !slices.Equal(c.Operators, []string{"a@example.com", "b@example.com"}) || c.URL.Scheme != "https" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestEveryBadValueNamesItsVariable(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, value, hides string }{
		{"VAPID_PRIVATE_KEY", "x", ""}, {"TAVE_URL", "workspace.vsco.co", ""}, {"TAVE_URL", "ftp://x", ""}, {"WEDSYNC_ALLOW_PRIVATE_URLS", "yes", ""}, {"WEDSYNC_ALLOW_PRIVATE_URLS", "true", ""},
		{"WEDSYNC_ADDR", "8080", ""}, {"WEDSYNC_ADDR", "a:b:c", ""}, {"WEDSYNC_ADDR", "localhost", ""},
		{"WEDSYNC_URL", "app.example.com", ""}, {"WEDSYNC_URL", "ftp://app.example.com", ""}, {"WEDSYNC_URL", "https://", ""}, {"WEDSYNC_URL", "://", ""},
		{"DATABASE_URL", "postgres://user:hunter2@host:port/x", "hunter2"}, {"DATABASE_URL", "mysql hunter2", "hunter2"},
	}
	for _, tt := range tests {
		s := &shell{map[string]string{tt.name: tt.value}}
		code, out, log := s.run(t, "migrate")
		if code != 2 || out != "" || !strings.HasPrefix(log, tt.name+" takes ") || strings.Count(log, "\n") != 1 {
			t.Errorf("%s=%s: exit %d, %q, %q", tt.name, tt.value, code, out, log)
		}
		if tt.hides != "" && strings.Contains(log, tt.hides) {
			t.Errorf("%s: the line tells %s", tt.name, tt.hides)
		}
	}
	s := newShell(t)
	for _, keys := range []string{"not base64!", "bm90IGEga2V5c2V0"} {
		s.env["WEDSYNC_KEYS"] = keys
		if code, _, log := s.run(t, "migrate"); code == 0 || !strings.Contains(log, "WEDSYNC_KEYS") || strings.Contains(log, keys) {
			t.Errorf("WEDSYNC_KEYS=%s: exit %d, %q", keys, code, log)
		}
	}
}

func TestACarrierThatIsConfiguredByHalvesStopsTheStart(t *testing.T) {
	t.Parallel()
	resend, twilio := "re_hunter2 MAIL_FROM=hello@example.com", "TWILIO_ACCOUNT_SID=AC1 TWILIO_AUTH_TOKEN=hunter2 TWILIO_FROM=+15005550006"
	for _, tt := range []struct{ env, names string }{
		{"RESEND_API_KEY=" + resend + " RESEND_URL=api.resend.com", "RESEND_URL takes "}, {"RESEND_URL=ftp://api.resend.com", "RESEND_URL takes "}, {"RESEND_URL=https://", "RESEND_URL takes "},
		{"RESEND_API_KEY=re_hunter2", "MAIL_FROM takes "}, {"SMTP_URL=smtp://kay:hunter2@mail.example.com", "MAIL_FROM takes "}, {"MAIL_FROM=nobody", "MAIL_FROM takes "},
		{"RESEND_API_KEY=re_hunter2 MAIL_FROM=a@example.com,b@example.com", "MAIL_FROM takes "},
		{"SMTP_URL=mail.example.com:587 MAIL_FROM=hello@example.com", "SMTP_URL takes "}, {"SMTP_URL=https://kay:hunter2@mail.example.com MAIL_FROM=hello@example.com", "SMTP_URL takes "},
		{"SMTP_URL=smtp://kay:hunter2@ MAIL_FROM=hello@example.com", "SMTP_URL takes "}, {"SMTP_URL=smtp://kay:hunter2@[::1 MAIL_FROM=hello@example.com", "SMTP_URL takes "},
		{"TWILIO_ACCOUNT_SID=AC1", "TWILIO_AUTH_TOKEN is missing"}, {"TWILIO_ACCOUNT_SID=AC1 TWILIO_AUTH_TOKEN=hunter2", "TWILIO_FROM is missing"},
		{"TWILIO_AUTH_TOKEN=hunter2 TWILIO_FROM=+15005550006", "TWILIO_ACCOUNT_SID is missing"}, {"TWILIO_FROM=+15005550006", "TWILIO_ACCOUNT_SID is missing"},
		{twilio + " TWILIO_URL=api.twilio.com", "TWILIO_URL takes "},
		{"VAPID_PRIVATE_KEY=hunter2", "VAPID_PRIVATE_KEY takes "}, {"VAPID_PRIVATE_KEY=" + strings.Repeat("A", 43), "VAPID_PRIVATE_KEY takes "}, {"VAPID_PRIVATE_KEY=" + strings.Repeat("_", 43), "VAPID_PRIVATE_KEY takes "},
	} {
		s := &shell{map[string]string{}}
		for pair := range strings.FieldsSeq(tt.env) {
			name, value, _ := strings.Cut(pair, "=")
			s.env[name] = value
		}
		code, out, log := s.run(t, "migrate")
		if code != 2 || out != "" || !strings.HasPrefix(log, tt.names) || strings.Count(log, "\n") != 1 || strings.Contains(log, "hunter2") {
			t.Errorf("%s: exit %d, %q, %q", tt.env, code, out, log)
		}
	}
	for _, env := range []map[string]string{{}, {"RESEND_API_KEY": "re_1", "MAIL_FROM": "WedSync <hello@example.com>", "RESEND_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
		{"SMTP_URL": "smtps://kay:pw@mail.example.com:465", "MAIL_FROM": "hello@example.com"}, {"MAIL_FROM": "hello@example.com"},
		{"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "x", "TWILIO_FROM": "MG1", "TWILIO_URL": "http://127.0.0.1:1/twilio"}} {
		c, err := configure(func(name string) string { return env[name] })
		if err != nil || c.Carriers.ResendURL != "https://api.resend.com" || (c.Carriers.TwilioURL != "https://api.twilio.com") != (env["TWILIO_URL"] != "") {
			t.Errorf("%v: %+v, %v", env, c.Carriers, err)
		}
	}
}

func TestBadFlagsExitWithTwo(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	org := uuid.NewString()
	for _, args := range [][]string{
		{}, {"no-such-command"}, {"supplier"}, {"serve", "--role", "cook"}, {"serve", "--no-such-flag"}, {"migrate", "now"}, {"doctor", "--no-such-flag"}, {"keys", "rotate", "all"},
		{"supplier", "add"}, {"supplier", "add", "--tier", "gold"}, {"couple", "add", "--names", "Anna & Tom"}, {"couple", "add", "--date"},
		append(slices.Clone(addSupplier), "--timezone", "Mars/Olympus"), append(slices.Clone(addSupplier), "--currency", "pounds"), append(slices.Clone(addSupplier), "--category", "astronaut"),
		append(slices.Clone(addSupplier), "--password", "short"), append(slices.Clone(addSupplier), "--email", "nobody"),
		{"connection", "add", "--org", "not-an-id", "--provider", "stripe"}, {"connection", "add", "--org", org, "--provider", "paypal"}, {"connection", "add", "--org", org},
	} {
		code, out, log := s.run(t, args...)
		if code != 2 || out != "" || log == "" || strings.Contains(log, "goroutine") {
			t.Errorf("%v: exit %d, %q, %q", args, code, out, log)
		}
	}
	if code, _, log := s.run(t, "supplier", "add", "--help"); code != 0 || !strings.Contains(log, "-category") {
		t.Errorf("--help: exit %d, %q", code, log)
	}
}

func TestTheCommandsPrintTheContractsKeys(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	supplier := s.made(t, []string{"org_id", "user_id"}, addSupplier...)
	for _, id := range supplier {
		if uuid.Validate(id) != nil {
			t.Errorf("%q is no id", id)
		}
	}
	s.made(t, []string{"couple_id", "user_id", "wedding_id"}, "couple", "add", "--names", "Anna & Tom", "--email", "anna@example.com", "--password", "ten characters", "--date", "2027-06-12", "--venue", "Holm House", "--json")
	for _, p := range queries.AllProviderValues() {
		made := s.made(t, []string{"connection_id", "secret", "url"}, "connection", "add", "--org", supplier["org_id"], "--provider", string(p), "--json")
		if !regexp.MustCompile(`^https://app\.example\.com/webhooks/`+string(p)+`/[\w-]{43}$`).MatchString(made["url"]) || len(made["secret"]) < 32 {
			t.Errorf("%s: %v", p, made)
		}
	}
	made := s.made(t, []string{"connection_id", "secret", "url"}, "connection", "add", "--org", supplier["org_id"], "--provider", "stripe", "--secret", "whsec_brought_along", "--json")
	if made["secret"] != "whsec_brought_along" {
		t.Errorf("%v", made)
	}
	if code, out, log := s.run(t, addSupplier...); code != 2 || out != "" || !strings.Contains(log, "--email: ") {
		t.Errorf("a taken address: exit %d, %q, %q", code, out, log)
	}
	if code, _, log := s.run(t, "connection", "add", "--org", uuid.NewString(), "--provider", "stripe", "--json"); code != 1 || !strings.Contains(log, "no organisation") {
		t.Errorf("nobody's organisation: exit %d, %q", code, log)
	}
}

func TestMigrateAndDoctor(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	if code, out, log := s.run(t, "migrate"); code != 0 || !strings.Contains(out, "up to date") {
		t.Errorf("migrate: exit %d, %q, %q", code, out, log)
	}
	code, out, log := s.run(t, "doctor")
	if code != 0 || !strings.Contains(out, "Database") || !strings.Contains(out, "all applied") || !strings.Contains(out, "none waits") || !strings.Contains(out, "WEDSYNC_OPERATORS") {
		t.Errorf("doctor: exit %d, %q, %q", code, out, log)
	}
	pool, err := pgxpool.New(t.Context(), s.env["DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.Exec(t.Context(), "DELETE FROM schema_migrations WHERE name = '0004_season.sql'"); err != nil {
		t.Fatal(err)
	}
	if code, out, log := s.run(t, "doctor"); code != 1 || !strings.Contains(out, "0004_season.sql not applied") || !strings.Contains(log, "1 of these need you") {
		t.Errorf("with a migration to do: exit %d, %q, %q", code, out, log)
	}
	s.env["DATABASE_URL"] = "postgres://postgres:hunter2@/wedsync?host=/nowhere&port=5432"
	if code, out, log := s.run(t, "doctor"); code != 1 || !strings.Contains(out, "does not answer") || strings.Contains(out+log, "hunter2") {
		t.Errorf("without a database: exit %d, %q, %q", code, out, log)
	}
	if code, _, log := s.run(t, addSupplier...); code != 1 || strings.Contains(log, "hunter2") {
		t.Errorf("a command without a database: exit %d, %q", code, log)
	}
}

// secretsOf opens what is sealed as another process would, that has just started.
func (s *shell) secretsOf(t *testing.T, box *seal.Box, org, connection uuid.UUID) []string {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), s.env["DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var sealed [][]byte
	if err := pool.QueryRow(t.Context(), "SELECT array_agg(sealed) FROM connection_secrets WHERE connection_id = $1", connection).Scan(&sealed); err != nil {
		t.Fatal(err)
	}
	secrets, err := inbound.OpenSecrets(box, org, connection, sealed)
	if err != nil {
		t.Fatal(err)
	}
	var token []byte
	if err := pool.QueryRow(t.Context(), "SELECT token_sealed FROM connections WHERE id = $1", connection).Scan(&token); err != nil {
		t.Fatal(err)
	}
	if _, err := inbound.OpenToken(box, org, connection, token); err != nil {
		t.Error(err)
	}
	return append(secrets, fmt.Sprintf("%x", sealed))
}

func TestKeysRotateWhileOthersServe(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	org := uuid.MustParse(s.made(t, []string{"org_id", "user_id"}, addSupplier...)["org_id"])
	made := s.made(t, []string{"connection_id", "secret", "url"}, "connection", "add", "--org", org.String(), "--provider", "stripe", "--json")
	connection, file := uuid.MustParse(made["connection_id"]), filepath.Join(s.env["WEDSYNC_DATA"], "keys.json")
	serving, err := seal.FromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before := s.secretsOf(t, serving, org, connection)
	if code, out, log := s.run(t, "keys", "rotate"); code != 0 || !strings.Contains(out, "2 secrets are sealed under") || strings.Contains(out+log, made["secret"]) {
		t.Fatalf("exit %d, %q, %q", code, out, log)
	}
	fresh, err := seal.FromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for who, box := range map[string]*seal.Box{"a process that served meanwhile": serving, "one that starts now": fresh} {
		after := s.secretsOf(t, box, org, connection)
		if after[0] != made["secret"] || before[0] != made["secret"] || after[1] == before[1] {
			t.Errorf("%s opens %q", who, after[0])
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// A keyset in the environment reaches the serving nodes only by a restart, so it is printed, and nothing is sealed yet.
func TestKeysRotateWithKeysInTheEnvironment(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	maker, err := seal.FromFile(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	if s.env["WEDSYNC_KEYS"], err = maker.Rotate(); err != nil {
		t.Fatal(err)
	}
	org := uuid.MustParse(s.made(t, []string{"org_id", "user_id"}, addSupplier...)["org_id"])
	made := s.made(t, []string{"connection_id", "secret", "url"}, "connection", "add", "--org", org.String(), "--provider", "stripe", "--json")
	code, out, _ := s.run(t, "keys", "rotate")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || len(lines) != 2 || !strings.Contains(lines[0], "WEDSYNC_KEYS") {
		t.Fatalf("exit %d, %q", code, out)
	}
	next, err := seal.FromText(lines[1])
	if err != nil {
		t.Fatal(err)
	}
	for who, text := range map[string]*seal.Box{"the keys from before": maker, "the new ones": next} {
		if got := s.secretsOf(t, text, org, uuid.MustParse(made["connection_id"])); got[0] != made["secret"] {
			t.Errorf("%s open %q", who, got[0])
		}
	}
}

// The whole program: it serves, takes a delivery, applies it, and goes down when it is told to.
func TestServeTakesADeliveryAndDrains(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	org := s.made(t, []string{"org_id", "user_id"}, addSupplier...)["org_id"]
	probe := httptest.NewServer(http.NotFoundHandler()) // a port that is free
	address := probe.Listener.Addr().String()
	probe.Close()
	s.env["WEDSYNC_ADDR"], s.env["WEDSYNC_URL"] = address, "http://"+address
	made := s.made(t, []string{"connection_id", "secret", "url"}, "connection", "add", "--org", org, "--provider", "custom", "--json")

	ctx, terminate := context.WithCancel(t.Context())
	var stdout, stderr bytes.Buffer
	p := &program{getenv: func(name string) string { return s.env[name] }, out: &stdout, err: &stderr}
	ended := make(chan int, 1)
	go func() { ended <- p.run(ctx, []string{"serve"}) }()
	body := `{"id":"e-1","type":"client.created","data":{"client":{"external_id":"c-1","name":"Anna"}}}`
	post := func() int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, made["url"], strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = inbound.SignWedSync(made["secret"], []byte(body), time.Now())
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0 // it does not listen yet
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	await(t, "the delivery is taken", func() bool { return post() == http.StatusAccepted })
	pool, err := pgxpool.New(t.Context(), s.env["DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	await(t, "it is applied", func() bool {
		var n int
		if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM clients WHERE org_id = $1 AND name = 'Anna'", org).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n == 1
	})
	terminate()
	select {
	case code := <-ended:
		if code != 0 {
			t.Errorf("exit %d: %s", code, stderr.String())
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it does not go down")
	}
	if post() != 0 {
		t.Error("somebody still answers")
	}
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline, tick := time.After(30*time.Second), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("it never came that %s", what)
		}
	}
}

// A booking is made once; whoever comes second is told why, in words for machines.
func TestBookingAdd(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	org := s.made(t, []string{"org_id", "user_id"}, addSupplier...)["org_id"]
	add := func(over ...string) []string {
		args := map[string]string{"--org": org, "--resource": "Barn", "--start": "2027-06-12T12:00:00+01:00", "--end": "2027-06-12T23:00:00+01:00", "--title": "Kay & Fry"}
		for i := 0; i < len(over); i += 2 {
			args[over[i]] = over[i+1]
		}
		words := []string{"booking", "add", "--json"}
		for _, name := range slices.Sorted(maps.Keys(args)) {
			words = append(words, name, args[name])
		}
		return words
	}
	first := s.made(t, []string{"booking_id"}, add()...)["booking_id"]
	if uuid.Validate(first) != nil {
		t.Errorf("%q is no id", first)
	}
	code, out, log := s.run(t, append(add("--resource", "BARN", "--start", "2027-06-12T22:00:00+01:00", "--end", "2027-06-13T02:00:00Z"), "--hold")...)
	var told struct {
		Conflict struct{ Why, Resource, BookingID, Title, Words string }
	}
	var keys map[string]map[string]any
	if err := json.Unmarshal([]byte(out), &told); code != 3 || err != nil || json.Unmarshal([]byte(out), &keys) != nil || keys["conflict"]["booking_id"] != first ||
		told.Conflict.Why != "booked" || told.Conflict.Resource != "Barn" || told.Conflict.Title != "Kay & Fry" || !strings.Contains(log, "Barn is booked for Kay & Fry") {
		t.Errorf("taken: exit %d, %s, %s", code, out, log)
	}
	s.made(t, []string{"booking_id"}, append(add("--resource", "Orangery"), "--hold")...)
	for flag, value := range map[string]string{"--org": "x", "--resource": " ", "--start": "12 June", "--end": "2027-06-12T10:00:00+01:00"} {
		if code, out, log := s.run(t, add(flag, value)...); code != 2 || out != "" || !strings.Contains(log, flag+" ") {
			t.Errorf("%s %q: exit %d, %q, %q", flag, value, code, out, log)
		}
	}
	if code, out, log := s.run(t, add("--org", uuid.NewString())...); code != 1 || out != "" || !strings.Contains(log, "no organisation") {
		t.Errorf("nobody's organisation: exit %d, %q, %q", code, out, log)
	}
}

func TestCalendarAdd(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.env["WEDSYNC_ALLOW_PRIVATE_URLS"] = "1"
	org := s.made(t, []string{"org_id", "user_id"}, addSupplier...)["org_id"]
	busy := time.Now().AddDate(0, 2, 0).UTC()
	feed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/calendar")
		fmt.Fprintf(w, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:%sT100000Z\r\nDTEND:%[1]sT120000Z\r\nSUMMARY:Dentist\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", busy.Format("20060102"))
	}))
	defer feed.Close()
	made := s.made(t, []string{"calendar_id"}, "calendar", "add", "--org", org, "--kind", "ics", "--url", feed.URL+"/a.ics", "--json")
	if uuid.Validate(made["calendar_id"]) != nil {
		t.Errorf("%v", made)
	}
	// Nobody has read it yet: booking asks it first, and what it says counts.
	code, out, _ := s.run(t, "booking", "add", "--json", "--org", org, "--resource", "Barn", "--start", busy.Format(time.DateOnly)+"T09:00:00Z", "--end", busy.Format(time.DateOnly)+"T11:00:00Z")
	if code != 3 || !strings.Contains(out, `"why":"outside"`) || !strings.Contains(out, "Dentist") {
		t.Errorf("beside the dentist: exit %d, %s", code, out)
	}
	s.made(t, []string{"booking_id"}, "booking", "add", "--json", "--org", org, "--resource", "Barn", "--start", busy.Format(time.DateOnly)+"T13:00:00Z", "--end", busy.Format(time.DateOnly)+"T14:00:00Z")
	for _, c := range []struct{ kind, url, says string }{{"google", feed.URL, "--kind"}, {"", feed.URL, "--kind"}, {"caldav", "ftp://x", "--url"}, {"ics", "http://127.0.0.1:1/a.ics", "--url"}} {
		if code, out, log := s.run(t, "calendar", "add", "--json", "--org", org, "--kind", c.kind, "--url", c.url, "--user", "u", "--password", "p"); code != 2 || out != "" || !strings.Contains(log, c.says) {
			t.Errorf("%s %s: exit %d, %q, %q", c.kind, c.url, code, out, log)
		}
	}
	if code, _, log := s.run(t, "calendar", "add", "--org", uuid.NewString(), "--kind", "ics", "--url", feed.URL, "--json"); code != 1 || !strings.Contains(log, "no organisation") {
		t.Errorf("nobody's organisation: exit %d, %q", code, log)
	}
	// The feed's address is a secret, and so are the links that the supplier shares: all of them are sealed anew.
	pool, err := pgxpool.New(t.Context(), s.env["DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	box, err := seal.FromFile(filepath.Join(s.env["WEDSYNC_DATA"], "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	link, _ := box.Seal([]byte("days"), calendar.AvailabilityOwner(uuid.MustParse(org)))
	own, _ := box.Seal([]byte("feed"), calendar.FeedOwner(uuid.MustParse(org)))
	if _, err := pool.Exec(t.Context(), "UPDATE orgs SET availability_sealed = $2, feed_sealed = $3 WHERE id = $1", org, link, own); err != nil {
		t.Fatal(err)
	}
	if code, out, log := s.run(t, "keys", "rotate"); code != 0 || !strings.Contains(out, "3 secrets") {
		t.Fatalf("exit %d, %q, %q", code, out, log)
	}
	var secret, days, fed []byte
	if err := pool.QueryRow(t.Context(), "SELECT k.secret, o.availability_sealed, o.feed_sealed FROM calendar_connections k JOIN orgs o ON o.id = k.org_id WHERE o.id = $1", org).Scan(&secret, &days, &fed); err != nil {
		t.Fatal(err)
	}
	for owner, sealed := range map[string][]byte{"calendar/" + org + "/" + made["calendar_id"]: secret, calendar.AvailabilityOwner(uuid.MustParse(org)): days, calendar.FeedOwner(uuid.MustParse(org)): fed} {
		if plain, err := box.Open(sealed, owner); err != nil || len(plain) == 0 {
			t.Errorf("%s: %v", owner, err)
		}
	}
	if bytes.Equal(days, link) || bytes.Equal(fed, own) {
		t.Error("the links are as they were")
	}
}
