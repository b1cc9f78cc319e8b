package web

import (
	"bufio"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// regionEvents is the contract's event of each region. A new region has a row here, or the tests below fail.
var regionEvents = map[string]string{
	"calendar":   "sync_completion",
	"kpis":       "dashboard_kpi_update",
	"weddings":   "wedding_coordination",
	"calendars":  "sync_completion",
	"conflicts":  "calendar_conflict",
	"activity":   "client_notification",
	"deliveries": "sync_completion",     // of a connection: deliveries:<id>
	"health":     "sync_completion",     // of a connection: health:<id>
	"import":     "sync_completion",     // import:<id>
	"inbox":      "client_notification", // of a person: inbox:<id>
	"letters":    "client_notification", // of a person: letters:<id>
	"emergency":  "emergency_alert",     // of a person: emergency:<id>
}

// regionNamers are the functions that name a connection's or a person's region.
var regionNamers = map[string]string{"DeliveriesRegion": "deliveries", "HealthRegion": "health",
	"InboxRegion": "inbox", "LettersRegion": "letters", "EmergencyRegion": "emergency"}

var contractEvents = []string{"dashboard_kpi_update", "wedding_coordination", "client_notification", "calendar_conflict", "sync_completion", "emergency_alert"}

// newLiveSite is a site whose live pages are awake, at a real address.
func newLiveSite(t *testing.T) (*site, string) {
	t.Helper()
	s := newSite(t)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Hub().Run(ctx)
	}()
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		stop()
		<-ended
	})
	return s, server.URL
}

// listen opens a stream, and gives what comes as name and data; it closes when the stream ends.
func listen(t *testing.T, address string, as *http.Cookie) (events <-chan [2]string, status int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(as)
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	out := make(chan [2]string, 1000)
	t.Cleanup(func() { _ = response.Body.Close() })
	go func() {
		defer close(out)
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, 1<<20)
		var event [2]string
		for lines.Scan() {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch field {
			case "event":
				event[0] = value
			case "data":
				event[1] += value + "\n"
			case "":
				if event[0] != "" && event[0] != "beat" {
					out <- event
				}
				event = [2]string{}
			}
		}
	}()
	return out, response.StatusCode
}

func nextEvent(t *testing.T, events <-chan [2]string) (name, data string) {
	t.Helper()
	select {
	case e := <-events:
		return e[0], e[1]
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
		return "", ""
	}
}

func (s *site) touch(t *testing.T, org uuid.UUID, regions ...string) {
	t.Helper()
	if err := s.q.TouchRegions(t.Context(), queries.TouchRegionsParams{Audiences: []uuid.UUID{org}, Regions: regions}); err != nil {
		t.Fatal(err)
	}
}

func TestLiveAddressesSayWhatAPageShows(t *testing.T) {
	t.Parallel()
	deliveries := "deliveries:" + uuid.NewString()
	many := url.Values{}
	for range mostRegions + 1 {
		many.Set("deliveries:"+uuid.NewString(), "1")
	}
	for _, c := range []struct {
		address string
		want    map[string]int64 // nil: refused
	}{
		{"", map[string]int64{"kpis": -1, "weddings": -1, "activity": -1}},
		{"kpis=12&activity=3", map[string]int64{"kpis": 12, "activity": 3}},
		{deliveries + "=0", map[string]int64{deliveries: 0}},
		{"kpis=-9223372036854775808", map[string]int64{"kpis": -1 << 63}},
		{"kpis=9223372036854775808", nil},
		{"kpis=", nil},
		{"kpis=x", nil},
		{"kpis=1.0", nil},
		{"access=1", nil},
		{"nonsense=1", nil},
		{"kpis=1&nonsense=1", nil},
		{"inbox:x=1", nil},
		{"letters:=1", nil},
		{"emergency=1", nil},
		{"deliveries:=1", nil},
		{"deliveries:x=1", nil},
		{many.Encode(), nil},
	} {
		params, err := url.ParseQuery(c.address)
		if err != nil {
			t.Fatal(err)
		}
		shown, err := shownRegions(params)
		if fmt.Sprint(shown) != fmt.Sprint(c.want) || (err != nil) != (c.want == nil) {
			t.Errorf("%q: %v, %v", c.address, shown, err)
		}
		if err != nil && kindOf(err).status != http.StatusBadRequest {
			t.Errorf("%q is answered with %d", c.address, kindOf(err).status)
		}
	}
}

func FuzzShownRegions(f *testing.F) {
	for _, seed := range []string{"", "kpis=1", "kpis=1&kpis=2", "deliveries:" + uuid.NewString() + "=7", "deliveries:{" + uuid.NewString() + "}=7", "deliveries:urn:uuid:" + uuid.NewString() + "=7", "a&b&c;d", "%00=1", "kpis=%2B1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		params, _ := url.ParseQuery(query) // what can be read is read, as net/http does
		shown, err := shownRegions(params)
		if err != nil {
			return
		}
		if len(shown) == 0 || len(shown) > mostRegions {
			t.Errorf("%d regions", len(shown))
		}
		for name := range shown {
			if of, connection, ok := strings.Cut(name, ":"); ok && (of == "deliveries" || of == "health") {
				uuid.MustParse(connection) // as component does
			} else if id, ok := strings.CutPrefix(name, "import:"); ok {
				uuid.MustParse(id)
			} else if _, _, ok := personal(name); ok {
				continue
			} else if regionEvents[name] == "" {
				t.Errorf("region %q", name)
			}
		}
	})
}

// regionsOfPages reads from the source which regions the handlers give to liveURL: a new one cannot be forgotten here.
func regionsOfPages(t *testing.T) []string {
	t.Helper()
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	var regions []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if f, named := (*ast.Ident)(nil), false; ok {
				if f, named = call.Fun.(*ast.Ident); named && f.Name == "liveURL" && !strings.HasSuffix(name, "_test.go") {
					regions = append(regions, regionsOfCall(t, name, call)...)
				}
			}
			return true
		})
	}
	slices.Sort(regions)
	return slices.Compact(regions)
}

func regionsOfCall(t *testing.T, file string, call *ast.CallExpr) (regions []string) {
	t.Helper()
	shown, ok := call.Args[0].(*ast.CompositeLit)
	if !ok {
		t.Fatalf("%s: liveURL takes a literal, so that its regions are known here", file)
	}
	for _, element := range shown.Elts {
		switch key := element.(*ast.KeyValueExpr).Key.(type) {
		case *ast.BasicLit:
			name, err := strconv.Unquote(key.Value)
			if err != nil {
				t.Fatal(err)
			}
			regions = append(regions, name)
		case *ast.CallExpr:
			if f, ok := key.Fun.(*ast.SelectorExpr); ok && regionNamers[f.Sel.Name] != "" {
				regions = append(regions, regionNamers[f.Sel.Name])
				continue
			}
			if f, ok := key.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "ImportRegion" {
				regions = append(regions, "import")
				continue
			}
			t.Errorf("%s: a region by a function that this test does not know", file)
		default:
			t.Errorf("%s: a region that this test cannot read", file)
		}
	}
	return regions
}

func TestEveryRegionThatAPageNamesHasADrawingAndItsEvent(t *testing.T) {
	t.Parallel()
	s, base := newLiveSite(t)
	org := testdb.Org(t, s.pool)
	owner := s.session(t, org.Owner)
	made := s.connect(t, org.ID, queries.ProviderStripe, queries.SenderProofSigned)
	regions := regionsOfPages(t)
	if len(regions) < len(regionEvents) {
		t.Errorf("pages name only %v", regions)
	}
	for _, region := range regions {
		want, name := regionEvents[region], region
		switch region {
		case "deliveries":
			name = inbound.DeliveriesRegion(made.ID)
		case "health":
			name = inbound.HealthRegion(made.ID)
		case "inbox", "letters", "emergency":
			name = region + ":" + org.Owner.ID.String()
		}
		if region == "import" {
			name = inbound.ImportRegion(made.ID)
		}
		if !slices.Contains(contractEvents, want) {
			t.Errorf("region %s has no event of the contract", region)
			continue
		}
		if !knownRegion(name) {
			t.Errorf("a page shows %s, but its stream is refused", name)
			continue
		}
		events, status := listen(t, base+"/live?"+name+"=-1", owner)
		event, html := nextEvent(t, events)
		if status != http.StatusOK || event != want || !strings.Contains(html, `id="`+region+`"`) || !strings.Contains(html, "hx-swap-oob") {
			t.Errorf("%s: status %d, event %q, %.200q", name, status, event, html)
		}
	}
}

// The page must listen to every event that may come, and its address must be one that the stream takes.
func TestPagesListenToEveryEventOfTheContract(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	org := testdb.Org(t, s.pool)
	page := s.get(t, "/app", s.session(t, org.Owner)).Body.String()
	if want := `sse-swap="` + strings.Join(contractEvents, ",") + `"`; !strings.Contains(page, want) {
		t.Errorf("no %s", want)
	}
	for _, name := range []string{"kpis", "weddings", "activity"} {
		if !strings.Contains(page, name+"=0") {
			t.Errorf("the dashboard's stream does not begin at its version of %s", name)
		}
	}
}

func TestTheStreamRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	s, base := newLiveSite(t)
	org, pair := testdb.Org(t, s.pool), testdb.Couple(t, s.pool)
	owner := s.session(t, org.Owner)
	for _, c := range []struct {
		query  string
		as     *http.Cookie
		status int
	}{
		{"", owner, 200}, {"nonsense=1", owner, 400}, {"kpis=x", owner, 400}, {"access=0", owner, 400},
		{"", s.session(t, pair.Person), 403}, {"", s.cookie("no such session", 60), 401},
	} {
		if _, status := listen(t, base+"/live?"+c.query, c.as); status != c.status {
			t.Errorf("%q: %d, want %d", c.query, status, c.status)
		}
	}
}

// Case 16: another organisation's connection id is taken, and shows what a connection without deliveries shows.
func TestCase16AnotherTenantsDeliveriesRegionShowsNothing(t *testing.T) {
	t.Parallel()
	s, base := newLiveSite(t)
	ours, theirs := testdb.Org(t, s.pool), testdb.Org(t, s.pool)
	made := s.connect(t, theirs.ID, queries.ProviderCustom, queries.SenderProofSigned)
	const delivery = `INSERT INTO webhook_logs (org_id, id, connection_id, provider, event_id, event_type, received_at, content_type, proof, body)
		VALUES ($1, gen_random_uuid(), $2, 'custom', 'evt-1', 'their.secret.event', now(), 'application/json', 'signed', '{}')`
	if _, err := s.pool.Exec(t.Context(), delivery, theirs.ID, made.ID); err != nil {
		t.Fatal(err)
	}
	region := inbound.DeliveriesRegion(made.ID)
	shown := func(org testdb.Supplier, region string) string {
		events, _ := listen(t, base+"/live?"+region+"=-1", s.session(t, org.Owner))
		_, html := nextEvent(t, events)
		return html
	}
	if html := shown(theirs, region); !strings.Contains(html, "their.secret.event") {
		t.Errorf("they do not see it themselves: %.300q", html)
	}
	if seen, empty := shown(ours, region), shown(ours, inbound.DeliveriesRegion(uuid.New())); seen != empty {
		t.Errorf("theirs %.500q\nnobody's %.500q", seen, empty)
	}

	events, _ := listen(t, base+"/live?kpis=0&"+region+"=0", s.session(t, ours.Owner))
	s.touch(t, theirs.ID, region, "kpis")
	s.touch(t, ours.ID, "kpis")
	if name, _ := nextEvent(t, events); name != "dashboard_kpi_update" {
		t.Errorf("a change of theirs reaches us as %s", name)
	}
}

func TestSigningOutSaysGoodbyeToThePage(t *testing.T) {
	t.Parallel()
	s, base := newLiveSite(t)
	org := testdb.Org(t, s.pool)
	owner, elsewhere := s.session(t, org.Owner), s.session(t, org.Owner)
	page, _ := listen(t, base+"/live", owner)
	other, _ := listen(t, base+"/live?kpis=0", elsewhere)
	for range 3 {
		nextEvent(t, page)
	}
	began := time.Now()
	if got := s.post(t, "/logout", nil, owner); got.Code != http.StatusSeeOther {
		t.Fatal(got.Code)
	}
	name, _ := nextEvent(t, page)
	if took := time.Since(began); name != "bye" || took > time.Second {
		t.Errorf("%q after %v", name, took)
	}
	s.touch(t, org.ID, "kpis")
	if name, _ := nextEvent(t, other); name != "dashboard_kpi_update" {
		t.Errorf("the same person's other session got %q", name)
	}
}

func TestDrainingAnswersNewStreamsWith503(t *testing.T) {
	t.Parallel()
	s, base := newLiveSite(t)
	org := testdb.Org(t, s.pool)
	owner := s.session(t, org.Owner)
	page, _ := listen(t, base+"/live?kpis=0", owner)
	s.Drain()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/live", nil)
	r.AddCookie(owner)
	if got := s.do(t, r); got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") != "1" {
		t.Errorf("%d, Retry-After %q", got.Code, got.Header().Get("Retry-After"))
	}
	if name, _ := nextEvent(t, page); name != "" {
		t.Errorf("%q instead of the end", name)
	}
}
