package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

func letterForm(more ...string) url.Values {
	form := url.Values{"letter": {"booking.couple"}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

func (w *town) booked(t *testing.T, title, when string) {
	t.Helper()
	connection := aConnection(t, w, w.org)
	w.exec(t, `INSERT INTO clients (org_id, connection_id, external_id, name, partner_name) VALUES ($1, $2, $3, 'Anna Kay', 'Tom <Fry>')`, w.org.ID, connection, "c-"+title)
	w.exec(t, `INSERT INTO bookings (org_id, connection_id, external_id, client_external_id, title, venue, status, starts_local, ends_local, timezone, during)
		VALUES ($1, $2, $3, $4, $3, 'Holm House', 'confirmed', now()::timestamp + $5::interval, now()::timestamp + $5::interval + interval '9 hours', 'Europe/London',
			tstzrange(now() + $5::interval, now() + $5::interval + interval '9 hours'))`, w.org.ID, connection, title, "c-"+title, when)
}

func TestASupplierPutsALetterIntoTheirWords(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner := w.as(t, "owner")
	got := w.post(t, "/app/wording", letterForm("subject", " For {{couple}} ", "opening", "Dear {{couple}},\r\n\r\n{{news}}"), owner)
	if to := got.Header().Get("Location"); got.Code != http.StatusSeeOther || to != "/app/wording?done=kept&letter=booking.couple" {
		t.Fatalf("%d %s: %s", got.Code, to, got.Body)
	}
	kept, err := w.q.WordingOf(t.Context(), queries.WordingOfParams{OrgID: w.org.ID, Letter: "booking.couple"})
	if err != nil || kept.Subject != "For {{couple}}" || kept.Opening != "Dear {{couple}},\n\n{{news}}" || kept.Closing != "" {
		t.Fatalf("kept %+v, %v", kept, err)
	}
	for _, part := range []string{`value="For {{couple}}"`, "No wedding is ahead yet", "For Anna Kay &amp; Tom Fry", "Your words are kept", "Go back to our words"} {
		if page := w.get(t, "/app/wording?letter=booking.couple&done=kept", owner).Body.String(); !strings.Contains(page, part) {
			t.Errorf("the page has no %q", part)
		}
	}
	if list := w.get(t, "/app/wording", owner).Body.String(); strings.Count(list, ">Yours<") != 1 {
		t.Error("the list does not say which letter is theirs")
	}
	if list := w.get(t, "/app/wording", w.as(t, "neighbour")).Body.String(); strings.Contains(list, ">Yours<") {
		t.Error("a neighbour sees our words")
	}
	w.post(t, "/app/wording/reset", letterForm(), owner)
	if n := w.count(t, "SELECT count(*) FROM wordings WHERE org_id = $1", w.org.ID); n != 0 {
		t.Errorf("%d wordings after going back", n)
	}
}

func TestNoWordsAreOurWords(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner := w.as(t, "owner")
	w.post(t, "/app/wording", letterForm("closing", "Yours"), owner)
	if to := w.post(t, "/app/wording", letterForm("closing", "  "), owner).Header().Get("Location"); !strings.Contains(to, "done=reset") {
		t.Errorf("leads to %s", to)
	}
	if n := w.count(t, "SELECT count(*) FROM wordings WHERE org_id = $1", w.org.ID); n != 0 {
		t.Errorf("%d wordings without a word", n)
	}
}

func TestAWordingWithAFaultIsNotKept(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner := w.as(t, "owner")
	got := w.post(t, "/app/wording", letterForm("subject", "At {{venu}}", "closing", "With love, <Maya>"), owner)
	page := got.Body.String()
	if got.Code != http.StatusUnprocessableEntity {
		t.Fatalf("%d", got.Code)
	}
	for _, part := range []string{"There is no {{venu}} here. Did you mean {{venue}}?", `value="At {{venu}}"`, "With love, &lt;Maya&gt;", "The words were not kept", `aria-invalid="true"`} {
		if !strings.Contains(page, part) {
			t.Errorf("the page has no %q", part)
		}
	}
	if n := w.count(t, "SELECT count(*) FROM wordings WHERE org_id = $1", w.org.ID); n != 0 {
		t.Error("it was kept")
	}
}

func TestAPreviewIsOnTheNextWedding(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.booked(t, "Later", "90 days")
	w.booked(t, "Sooner", "9 days")
	w.booked(t, "Past", "-9 days")
	owner := w.as(t, "owner")
	r := w.request(t, http.MethodPost, "/app/wording/previews", letterForm("subject", "{{title}} with {{couple}}", "opening", "{{oops}}"), owner)
	r.Header.Set("HX-Request", "true")
	got := w.do(t, r).Body.String()
	for _, part := range []string{"With the facts of Sooner", "Sooner with Anna Kay &amp; Tom &lt;Fry&gt;", "There is no {{oops}} here.", "Some of it is shown in our words", "Holm House"} {
		if !strings.Contains(got, part) {
			t.Errorf("the preview has no %q: %s", part, got)
		}
	}
	if strings.Contains(got, "<html") {
		t.Error("htmx gets a whole page")
	}
	if whole := w.post(t, "/app/wording/previews", letterForm("opening", "{{oops}}"), owner); whole.Code != http.StatusOK || !strings.Contains(whole.Body.String(), "<html") || !strings.Contains(whole.Body.String(), "{{oops}}</textarea>") {
		t.Errorf("without htmx: %d", whole.Code)
	}
	if n := w.count(t, "SELECT count(*) FROM wordings WHERE org_id = $1", w.org.ID); n != 0 {
		t.Error("looking kept something")
	}
}

func TestOnlyLettersThatMayBeReworded(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner := w.as(t, "owner")
	for _, letter := range []string{"security.person", "emergency.team", "digest.team", "nothing.team", "booking", "client_change.couple", "<x>"} {
		for _, path := range []string{"/app/wording", "/app/wording/previews", "/app/wording/reset"} {
			if got := w.post(t, path, url.Values{"letter": {letter}}, owner); got.Code != http.StatusNotFound {
				t.Errorf("POST %s %s: %d", path, letter, got.Code)
			}
		}
		if got := w.get(t, "/app/wording?letter="+url.QueryEscape(letter), owner); got.Code != http.StatusNotFound {
			t.Errorf("GET %s: %d", letter, got.Code)
		}
	}
}

func TestTheLook(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	manager := w.session(t, testdb.Member(t, w.pool, w.org.ID, queries.RoleManager))
	for _, tt := range []struct {
		colour, reply string
		code          int
		kept          string
	}{
		{"#4F7A5B", "hello@example.com", 303, "#4f7a5b hello@example.com"},
		{"red", "hello@example.com", 422, "#4f7a5b hello@example.com"},
		{"#12345g", "", 422, "#4f7a5b hello@example.com"},
		{"#+12345", "", 422, "#4f7a5b hello@example.com"},
		{"#123456", "Anna <anna@example.com>", 422, "#4f7a5b hello@example.com"},
		{"#123456", "a@example.com\r\nBcc: b@example.com", 422, "#4f7a5b hello@example.com"},
		{"#811d35", "", 303, " "},
	} {
		got := w.post(t, "/app/wording/look", url.Values{"colour": {tt.colour}, "reply_to": {tt.reply}}, manager)
		org, err := w.q.OrgByID(t.Context(), w.org.ID)
		if err != nil {
			t.Fatal(err)
		}
		if kept := org.Colour + " " + org.ReplyTo; got.Code != tt.code || kept != tt.kept {
			t.Errorf("%q %q: %d, kept %q, want %d %q", tt.colour, tt.reply, got.Code, kept, tt.code, tt.kept)
		}
	}
}
