package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// studio is a site on a real address, with a supplier whose Tave is the stand-in.
type studio struct {
	*site
	vsco *sandbox.VSCO
	org  testdb.Supplier
	made inbound.Connection
	who  *http.Cookie
}

func newStudio(t *testing.T) *studio {
	t.Helper()
	s := &studio{vsco: sandbox.NewVSCO("good", time.Now())}
	api := httptest.NewServer(s.vsco)
	t.Cleanup(api.Close)
	ours := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.ServeHTTP(w, r) }))
	t.Cleanup(ours.Close)
	s.site = newSite(t, func(c *Config) { c.URL, _ = url.Parse(ours.URL) })
	s.jobs.Tave.URL = api.URL + "/api/v2"
	s.org = testdb.Org(t, s.pool)
	s.made = s.connect(t, s.org.ID, queries.ProviderTave, queries.SenderProofSigned)
	s.who = s.session(t, testdb.Member(t, s.pool, s.org.ID, queries.RoleManager))
	return s
}

func (s *studio) path(rest string) string { return "/app/connections/" + s.made.ID.String() + rest }

// does posts a form, and wants to be led back to the page, which says what was done.
func (s *studio) does(t *testing.T, rest string, form url.Values, says string) {
	t.Helper()
	got := s.post(t, s.path(rest), form, s.who)
	if got.Code != http.StatusSeeOther {
		t.Fatalf("%s: %d %s", rest, got.Code, got.Body)
	}
	if page := s.get(t, got.Header().Get("Location"), s.who); page.Code != http.StatusOK || !strings.Contains(page.Body.String(), says) {
		t.Errorf("%s: %d, without %q:\n%s", rest, page.Code, says, page.Body)
	}
}

func (s *studio) refuses(t *testing.T, rest string, form url.Values, says string) {
	t.Helper()
	if got := s.post(t, s.path(rest), form, s.who); got.Code != http.StatusUnprocessableEntity || !strings.Contains(got.Body.String(), says) {
		t.Errorf("%s: %d, without %q:\n%s", rest, got.Code, says, got.Body)
	}
}

func (s *studio) count(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	if err := s.pool.QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAKeyIsTriedBeforeItIsKept(t *testing.T) {
	t.Parallel()
	s := newStudio(t)
	s.refuses(t, "/readback", url.Values{"key": {"bad"}}, "Tave refused the API key")
	s.refuses(t, "/readback", url.Values{"key": {"two words"}}, "Paste the whole key")
	s.vsco.Fail(http.StatusServiceUnavailable, "", 1)
	s.refuses(t, "/readback", url.Values{"key": {"good"}}, "Tave does not answer at the moment. Nothing was changed")
	if n := s.count(t, "SELECT count(*) FROM readbacks"); n != 0 {
		t.Fatalf("%d keys kept", n)
	}
	s.does(t, "/readback", url.Values{"key": {" good\n"}}, "Ada Lindqvist Photography")
	if n := s.count(t, "SELECT count(*) FROM readbacks WHERE position('good'::bytea IN key_sealed) = 0"); n != 1 {
		t.Error("the key is not kept, or not sealed")
	}
	if n := s.count(t, "SELECT count(*) FROM river_job WHERE kind = 'tave_poll'"); n != 1 {
		t.Errorf("%d readings follow", n)
	}
	if n := s.count(t, "SELECT count(*) FROM audit_log WHERE org_id = $1 AND action = 'connection.readback.key' AND detail = ''", s.org.ID); n != 1 {
		t.Errorf("%d lines in the audit log", n)
	}
	if page := s.get(t, s.path("/readback"), s.who).Body.String(); strings.Contains(page, "good") {
		t.Error("the key is on the page")
	}
}

func TestTheUnitIsChosenByARealJob(t *testing.T) {
	t.Parallel()
	s := newStudio(t)
	s.vsco.Add("job", map[string]any{"title": "A sample", "totalRevenue": 999_999, "sample": true}, time.Now())
	s.vsco.NewJob(time.Now(), "booked", 2500, time.Now())
	s.does(t, "/readback", url.Values{"key": {"good"}}, "worth £25.00 or £2,500.00?")
	s.refuses(t, "/unit", url.Values{"unit": {"furlong"}}, "Choose one of the two amounts")
	s.does(t, "/unit", url.Values{"unit": {"major"}}, "Every amount that came from Tave is being read like that")
	if n := s.count(t, "SELECT count(*) FROM connections WHERE id = $1 AND money_unit = 'major'", s.made.ID); n != 1 {
		t.Error("the unit is not kept")
	}
}

// The whole way in: the hooks are subscribed at the stand-in, which then rings our real door.
func TestSubscribedHooksRingTheDoor(t *testing.T) {
	t.Parallel()
	s := newStudio(t)
	s.refuses(t, "/bell", url.Values{"may": {"yes"}}, "There is no API key yet")
	s.refuses(t, "/hooks", url.Values{"do": {"subscribe"}}, "let the bare hook ring first")
	s.does(t, "/readback", url.Values{"key": {"good"}}, "The key works")
	s.refuses(t, "/hooks", url.Values{"do": {"subscribe"}}, "let the bare hook ring first")
	s.does(t, "/bell", url.Values{"may": {"yes"}}, "The bare hook may ring now")
	s.does(t, "/hooks", url.Values{"do": {"subscribe"}}, "Subscribed</span>")
	s.does(t, "/hooks", url.Values{"do": {"subscribe"}}, "The hooks are subscribed")
	posted := slices.DeleteFunc(s.vsco.Asked(), func(q string) bool { return q != "POST /rest-hook" })
	if len(posted) != 4 {
		t.Errorf("%d subscriptions were made", len(posted))
	}
	job := s.vsco.NewJob(time.Now(), "booked", 2500, time.Now())
	if taken, err := s.vsco.Ring(t.Context(), "job.created", job); err != nil || taken != 1 {
		t.Fatalf("%d took the bell: %v", taken, err)
	}
	if n := s.count(t, "SELECT count(*) FROM webhook_logs WHERE org_id = $1 AND proof = 'doorbell' AND provider = 'tave'", s.org.ID); n != 1 {
		t.Errorf("%d bells at the door", n)
	}
	s.does(t, "/hooks", url.Values{"do": {"remove"}, "hook": {s.vsco.Newest("rest-hook")}}, "The hook is removed")
	s.does(t, "/readback", url.Values{"remove": {"yes"}}, "What was read so far is kept")
	if taken, err := s.vsco.Ring(t.Context(), "job.created", job); err != nil || taken != 0 {
		t.Errorf("without a key the bell was still taken: %d %v", taken, err)
	}
}

func TestReadingEverythingBeginsAnew(t *testing.T) {
	t.Parallel()
	s := newStudio(t)
	s.refuses(t, "/polls", nil, "There is no API key yet")
	s.does(t, "/readback", url.Values{"key": {"good"}}, "The key works")
	if _, err := s.pool.Exec(t.Context(), "UPDATE readbacks SET jobs_seen = now(), payments_seen = now(), trouble = 'Tave asks WedSync to slow down.'"); err != nil {
		t.Fatal(err)
	}
	if page := s.get(t, s.path("/readback"), s.who).Body.String(); !strings.Contains(page, "Tave asks WedSync to slow down.") {
		t.Error("the trouble is not said")
	}
	s.does(t, "/polls", nil, "WedSync is reading everything now")
	if n := s.count(t, "SELECT count(*) FROM readbacks WHERE jobs_seen IS NULL AND payments_seen IS NULL"); n != 1 {
		t.Error("it goes on from where it was")
	}
}

// A bell may be let in nowhere else, and not by a form that was made up.
func TestBellsAreOnlyTavesAndOnlyWithAKey(t *testing.T) {
	t.Parallel()
	s := newStudio(t)
	other := s.connect(t, s.org.ID, queries.ProviderCustom, queries.SenderProofSigned)
	for _, rest := range []string{"/readback", "/unit", "/bell", "/hooks", "/polls"} {
		if got := s.post(t, "/app/connections/"+other.ID.String()+rest, url.Values{"may": {"yes"}, "unit": {"major"}, "key": {"good"}}, s.who); got.Code != http.StatusNotFound {
			t.Errorf("%s: %d", rest, got.Code)
		}
	}
	if got := s.post(t, "/app/connections", url.Values{"provider": {"tave"}, "proof": {"doorbell"}}, s.who); got.Code != http.StatusCreated {
		t.Errorf("%d", got.Code)
	}
	if n := s.count(t, "SELECT count(*) FROM connections WHERE proof = 'doorbell'"); n != 0 {
		t.Errorf("%d bells", n)
	}
	if err := s.jobs.Tave.LetRing(t.Context(), s.org.ID, uuid.New(), nil, true); err == nil {
		t.Error("a connection that is not there may ring")
	}
}
