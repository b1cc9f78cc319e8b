package web

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

func (s *site) upload(t *testing.T, as *http.Cookie, connection, name string, file []byte) *httptest.ResponseRecorder {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := form.WriteField("connection", connection); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r := s.request(t, http.MethodPost, "/app/imports", nil, as)
	upload := httptest.NewRequestWithContext(t.Context(), r.Method, s.base+"/app/imports", &body)
	upload.Header = r.Header
	upload.Header.Set("Content-Type", form.FormDataContentType())
	return s.do(t, upload)
}

func showsAll(t *testing.T, page string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(page, w) {
			t.Errorf("%q is not on the page:\n%.6000s", w, page)
		}
	}
}

// From a made-up export to its bookings, by the pages alone.
func TestAListIsLookedAtBeforeItIsImported(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.work(t)
	owner := w.as(t, "owner")
	connection := w.connect(t, w.org.ID, queries.ProviderLightblue, queries.SenderProofSigned).ID
	for _, name := range []string{"lightblue.csv", "lightblue.html"} {
		file := map[string][]byte{"lightblue.csv": sandbox.SheetCSV, "lightblue.html": sandbox.SheetHTML}[name]
		got := w.upload(t, owner, connection.String(), name, file)
		at := got.Header().Get("Location")
		if got.Code != http.StatusSeeOther || !strings.HasPrefix(at, "/app/imports/") {
			t.Fatalf("%s: %d %s\n%s", name, got.Code, at, got.Body)
		}
		page := w.get(t, at, owner).Body.String()
		showsAll(t, page, "Check which column is what", "Sat 1 April 2028, 14:00", "&#34;to be agreed&#34;", "has not confirmed what it calls its columns", "1.250,00")
		if strings.Contains(page, "/start") {
			t.Error("what nobody has looked at may be started")
		}
		w.post(t, at+"/start", nil, owner)
		form := url.Values{"kind": {"bookings"}}
		for field, column := range map[string]string{"reference": "0", "title": "1", "date": "2", "start": "3", "end": "4", "client": "5", "partner": "6", "email": "7", "phone": "8", "venue": "9", "status": "10", "value": "11", "nonsense": "2"} {
			form.Set("column."+field, column)
		}
		if got := w.post(t, at+"/columns", form, owner); got.Code != http.StatusSeeOther {
			t.Fatal(got.Code)
		}
		showsAll(t, w.get(t, at, owner).Body.String(), "Ready: 34 rows can be read, 2 are left out", at+"/start")
		var before int
		if err := w.pool.QueryRow(t.Context(), "SELECT count(*) FROM webhook_logs WHERE import_id IS NOT NULL").Scan(&before); err != nil || name == "lightblue.csv" && before != 0 {
			t.Errorf("%d written before the start, %v", before, err)
		}
		for range 2 {
			if got := w.post(t, at+"/start", nil, owner); got.Code != http.StatusSeeOther {
				t.Fatal(got.Code)
			}
		}
		eventually(t, "the import is done", func() bool { return strings.Contains(w.get(t, at, owner).Body.String(), "Imported") })
		page = w.get(t, at, owner).Body.String()
		showsAll(t, page, `id="import"`, `value="36"`, "1.250,00", "Line 2")
		if strings.Contains(page, "/columns") || strings.Contains(page, "/cancellation") {
			t.Error("a reading may be changed after the fact")
		}
		w.post(t, at+"/columns", url.Values{"kind": {"clients"}}, owner)
		w.post(t, at+"/resumption", nil, owner)
	}
	var told string
	err := w.pool.QueryRow(t.Context(), "SELECT string_agg(status || ' ' || kind || ' ' || taken || ' ' || duplicates || ' ' || faulty, ', ' ORDER BY id) FROM imports WHERE org_id = $1", w.org.ID).Scan(&told)
	if err != nil || told != "done bookings 34 0 2, done bookings 0 34 2" {
		t.Errorf("%s, %v: the page and the CSV say the same", told, err)
	}
	var audited int
	if err := w.pool.QueryRow(t.Context(), "SELECT count(*) FROM audit_log WHERE org_id = $1 AND action LIKE 'import.%'", w.org.ID).Scan(&audited); err != nil || audited != 4 {
		t.Errorf("%d, %v", audited, err)
	}
}

func TestDatesThatMayBeEitherAreAskedFor(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner := w.as(t, "owner")
	at := w.upload(t, owner, aConnection(t, w, w.org).String(), "x.csv", []byte("Name,Wedding date,Notes\nAnna,12/06/2027,a\nMei,11/07/2027,b\n")).Header().Get("Location")
	page := w.get(t, at, owner).Body.String()
	showsAll(t, page, "Say how the dates are written", "12/06/2027 is Sat 12 June 2027", "12/06/2027 is Mon 6 December 2027", "cannot tell its day from its month")
	form := url.Values{"kind": {"bookings"}, "column.client": {"0"}, "column.date": {"1"}}
	w.post(t, at+"/columns", form, owner)
	if page := w.get(t, at, owner).Body.String(); strings.Contains(page, at+"/start") {
		t.Error("it may start although nobody has said")
	}
	form.Set("dates", "month_first")
	w.post(t, at+"/columns", form, owner)
	showsAll(t, w.get(t, at, owner).Body.String(), at+"/start", "Mon 6 December 2027")
	w.post(t, at+"/columns", url.Values{"kind": {"clients"}}, owner) // another kind is a fresh guess, to be looked at
	page = w.get(t, at, owner).Body.String()
	showsAll(t, page, "Check which column is what")
	if strings.Contains(page, at+"/start") {
		t.Error("a fresh guess may be started")
	}
	w.post(t, at+"/columns", url.Values{"kind": {"clients"}, "column.phone": {"2"}, "column.email": {"99"}}, owner)
	showsAll(t, w.get(t, at, owner).Body.String(), "Choose the column that holds: Client’s name or First name or Last name or E-mail.")
}

func TestFilesThatAreNotTakenAndConnectionsThatAreNotOurs(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner, good := w.as(t, "owner"), []byte("Name,E-mail\nAnna,a@example.com\n")
	ours, theirs := aConnection(t, w, w.org), aConnection(t, w, w.theirs)
	stripe := w.connect(t, w.org.ID, queries.ProviderStripe, queries.SenderProofSigned).ID
	before := w.contents(t)
	for _, tt := range []struct {
		what, connection, name string
		file                   []byte
		status                 int
		words                  string
	}{
		{"a workbook", ours.String(), "x.xlsx", []byte("PK\x03\x04"), 422, "CSV UTF-8"},
		{"an empty file", ours.String(), "x.csv", nil, 422, "nothing in this file"},
		{"too large", ours.String(), "x.csv", bytes.Repeat([]byte("a,b\n"), 6<<20), 413, "larger than 20 MB"},
		{"a neighbour's connection", theirs.String(), "x.csv", good, 422, "Choose one of your connections"},
		{"nobody's connection", uuid.NewString(), "x.csv", good, 422, "Choose one of your connections"},
		{"Stripe", stripe.String(), "x.csv", good, 422, "Choose one of your connections"},
		{"none", "", "x.csv", good, 422, "Choose one of your connections"},
	} {
		got := w.upload(t, owner, tt.connection, tt.name, tt.file)
		if got.Code != tt.status {
			t.Errorf("%s: %d", tt.what, got.Code)
		}
		showsAll(t, got.Body.String(), tt.words)
	}
	if after := w.contents(t); after["imports"] != before["imports"] || after["audit_log"] != before["audit_log"] {
		t.Error("something was kept")
	}
	if got := w.upload(t, w.as(t, "staff"), ours.String(), "x.csv", good); got.Code != http.StatusForbidden {
		t.Errorf("staff: %d", got.Code)
	}
	// What a file says is text on the page, and nothing more.
	at := w.upload(t, owner, ours.String(), `"><script>x.csv`, []byte("Name,E-mail\n<script>alert(1)</script>,a@example.com\n=cmd|' /C calc'!A0,b@example.com\n")).Header().Get("Location")
	page := w.get(t, at, owner).Body.String()
	showsAll(t, page, "&lt;script&gt;alert(1)&lt;/script&gt;", "=cmd|&#39; /C calc&#39;!A0")
}

func TestProgressReachesTheOpenPage(t *testing.T) {
	t.Parallel()
	s, base := newLiveSite(t)
	org := testdb.Org(t, s.pool)
	owner := s.session(t, org.Owner)
	connection := s.connect(t, org.ID, queries.ProviderCustom, queries.SenderProofSigned).ID
	at := s.upload(t, owner, connection.String(), "x.csv", []byte("Name,E-mail\n"+strings.Repeat("Anna,a@example.com\n", 1200))).Header().Get("Location")
	s.post(t, at+"/columns", url.Values{"kind": {"clients"}, "column.client": {"0"}, "column.email": {"1"}}, owner)
	s.post(t, at+"/start", nil, owner)
	showsAll(t, s.get(t, at, owner).Body.String(), "0 of 1,200 rows", at+"/cancellation", "/live?import%3A")
	region := inbound.ImportRegion(uuid.MustParse(strings.TrimPrefix(at, "/app/imports/")))
	events, _ := listen(t, base+"/live?"+region+"=1", owner)
	s.work(t)
	for {
		name, html := nextEvent(t, events)
		if name != "sync_completion" {
			t.Fatalf("%q: %s", name, html)
		}
		if strings.Contains(html, "1,200 of 1,200 rows") {
			showsAll(t, html, "Imported", `<progress id="import-progress" max="1200" value="1200">`)
			break
		}
	}
	theirs := testdb.Org(t, s.pool)
	drawn, err := s.drawRegion(t.Context(), theirs.ID, region)
	if err != nil || !strings.Contains(string(drawn.HTML), "not here any more") {
		t.Errorf("a neighbour sees %s, %v", drawn.HTML, err)
	}
}

func TestTheSandboxesListsAreOfTheDemo(t *testing.T) {
	t.Parallel()
	w := newTown(t, func(c *Config) { c.Demo = true })
	for name, contentType := range map[string]string{"lightblue.csv": "text/csv", "lightblue.html": "text/html"} {
		got := w.get(t, "/sandbox/sheets/"+name, nil)
		if got.Code != 200 || !strings.HasPrefix(got.Header().Get("Content-Type"), contentType) || got.Header().Get("Content-Disposition") != "attachment; filename="+name {
			t.Errorf("%s: %d %v", name, got.Code, got.Header())
		}
		showsAll(t, got.Body.String(), "ade up")
	}
	showsAll(t, w.get(t, "/app/imports", w.as(t, "owner")).Body.String(), "/sandbox/sheets/lightblue.csv")
}
