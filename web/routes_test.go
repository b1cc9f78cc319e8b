package web

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// town is our organisation with people in every role, and a neighbour's.

type town struct {
	*site
	org, theirs testdb.Supplier
	couple      testdb.Pair
	operator    testdb.Person // otherwise staff of ours
}

func newTown(t *testing.T, change ...func(*Config)) *town {
	t.Helper()
	return townOf(t, newSite(t, change...))
}

func townOf(t *testing.T, s *site) *town {
	t.Helper()
	w := &town{site: s, org: testdb.Org(t, s.pool), theirs: testdb.Org(t, s.pool), couple: testdb.Couple(t, s.pool)}
	w.operator = testdb.Member(t, s.pool, w.org.ID, queries.RoleStaff)
	if _, err := s.pool.Exec(t.Context(), "UPDATE users SET email = $2 WHERE id = $1", w.operator.ID, strings.ToLower(operatorAddress)); err != nil {
		t.Fatal(err)
	}
	return w
}

var personas = []string{"stranger", "couple", "staff", "manager", "owner", "operator", "neighbour"}

// as signs a persona in.

func (w *town) as(t *testing.T, persona string) *http.Cookie {
	t.Helper()
	switch persona {
	case "stranger":
		return nil
	case "couple":
		return w.session(t, w.couple.Person)
	case "owner":
		return w.session(t, w.org.Owner)
	case "neighbour":
		return w.session(t, w.theirs.Owner)
	case "operator":
		return w.session(t, w.operator)
	default:
		return w.session(t, testdb.Member(t, w.pool, w.org.ID, queries.Role(persona)))
	}
}

// routeCase is how a route is called, and what it answers to who may call it.

type routeCase struct {
	form url.Values
	ok   int
	id   func(t *testing.T, w *town, org testdb.Supplier) uuid.UUID // whose :id belongs to org
	not  map[string]int                                             // where a persona differs from what its access says
}

func aConnection(t *testing.T, w *town, org testdb.Supplier) uuid.UUID {
	return w.connect(t, org.ID, queries.ProviderTave, queries.SenderProofSigned).ID
}

func aStripeConnection(t *testing.T, w *town, org testdb.Supplier) uuid.UUID {
	return w.connect(t, org.ID, queries.ProviderStripe, queries.SenderProofSigned).ID
}

func aDelivery(t *testing.T, w *town, org testdb.Supplier) uuid.UUID {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	_, err := w.pool.Exec(t.Context(), `INSERT INTO webhook_logs (org_id, id, connection_id, provider, event_id, status, error, received_at, content_type, proof, body)
		VALUES ($1, $2, $3, 'tave', $4, 'failed', 'in words', now(), 'application/json', 'wedsync', '{"a":1}')`, org.ID, id, aConnection(t, w, org), id.String())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func aMember(t *testing.T, w *town, org testdb.Supplier) uuid.UUID {
	return testdb.Member(t, w.pool, org.ID, queries.RoleStaff).ID
}

// nobodys id is one of the demo's, whose things belong to no organisation.
func nobodys(*testing.T, *town, testdb.Supplier) uuid.UUID { return uuid.New() }

// home is where "/" leads those who are signed in.

var home = map[string]int{"couple": 303, "staff": 303, "manager": 303, "owner": 303, "operator": 303, "neighbour": 303}

// routeCases has one for every route; a route without one fails the test.

var routeCases = map[string]routeCase{
	"GET /":                                     {ok: 200, not: home},
	"GET /signup":                               {ok: 200},
	"POST /signup":                              {ok: 422},
	"GET /login":                                {ok: 200},
	"POST /login":                               {ok: 401, form: url.Values{"email": {"nobody@example.com"}}},
	"POST /logout":                              {ok: 303},
	"GET /forgot":                               {ok: 200},
	"POST /forgot":                              {ok: 422},
	"GET /reset/:token":                         {ok: 404},
	"POST /reset/:token":                        {ok: 404},
	"POST /magic":                               {ok: 422},
	"GET /magic/:token":                         {ok: 404},
	"POST /magic/:token":                        {ok: 404},
	"GET /verify/:token":                        {ok: 404},
	"POST /verify/:token":                       {ok: 404},
	"POST /app/account":                         {ok: 422},
	"POST /app/account/verification":            {ok: 303},
	"POST /app/account/sign-outs":               {ok: 303},
	"GET /app":                                  {ok: 200},
	"GET /app/calendar":                         {ok: 200},
	"GET /app/calendar/why":                     {ok: 200},
	"POST /app/bookings":                        {ok: 303, form: aWish("as", "enquiry")},
	"GET /app/bookings/new":                     {ok: 200},
	"GET /app/bookings/:id":                     {ok: 200, id: aBooking},
	"POST /app/bookings/:id/confirmation":       {ok: 303, id: aBooking},
	"POST /app/bookings/:id/release":            {ok: 303, id: aBooking},
	"POST /app/bookings/:id/cancellation":       {ok: 303, id: aBooking},
	"POST /app/bookings/:id/times":              {ok: 303, id: aBooking, form: aWish()},
	"POST /app/bookings/:id/notes":              {ok: 303, id: aBooking, form: url.Values{"notes": {"The mother of the bride is allergic to lilies."}}},
	"GET /app/resources":                        {ok: 200},
	"POST /app/resources":                       {ok: 422},
	"POST /app/resources/:id":                   {ok: 303, id: theOnlyResource, form: url.Values{"name": {"The barn"}, "kind": {"room"}, "capacity": {"1"}, "before": {"60"}, "after": {"0"}}},
	"POST /app/resources/:id/retirement":        {ok: 303, id: aResource},
	"POST /app/availability":                    {ok: 303, form: url.Values{"do": {"renew"}}},
	"GET /free/:token":                          {ok: 404},
	"GET /app/weddings":                         {ok: 200},
	"GET /app/clients":                          {ok: 200},
	"GET /app/payments":                         {ok: 200},
	"GET /app/connections":                      {ok: 200},
	"GET /app/connections/new":                  {ok: 200},
	"POST /app/connections":                     {ok: 201, form: url.Values{"provider": {"tave"}, "proof": {"signed"}}},
	"GET /app/connections/:id":                  {ok: 200, id: aConnection},
	"GET /app/connections/:id/guide":            {ok: 200, id: aConnection},
	"POST /app/connections/:id/account":         {ok: 303, id: aStripeConnection, form: url.Values{"account": {"acct_1"}}},
	"POST /app/connections/:id/tests":           {ok: 303, id: aConnection}, // to the guide: nobody is at wedsync.test
	"POST /app/connections/:id/secrets":         {ok: 303, id: aConnection, form: url.Values{"secret": {"whsec_sixteen_or_more"}}},
	"GET /app/deliveries/:id":                   {ok: 200, id: aDelivery},
	"POST /app/deliveries/:id/runs":             {ok: 303, id: aDelivery},
	"GET /app/inbox":                            {ok: 200},
	"POST /app/inbox/seen":                      {ok: 303},
	"POST /app/inbox/:id/seen":                  {ok: 303, id: aNotice, not: othersNotice},
	"POST /app/inbox/:id/acknowledgement":       {ok: 303, id: aNotice, not: othersNotice},
	"GET /app/settings":                         {ok: 200},
	"GET /app/wording":                          {ok: 200},
	"POST /app/wording":                         {ok: 303, form: url.Values{"letter": {"booking.couple"}, "subject": {"For {{couple}}"}}},
	"POST /app/wording/previews":                {ok: 200, form: url.Values{"letter": {"booking.couple"}}},
	"POST /app/wording/reset":                   {ok: 303, form: url.Values{"letter": {"booking.couple"}}},
	"POST /app/wording/couples":                 {ok: 303, form: url.Values{"kind": {"booking"}, "on": {"on"}}},
	"POST /app/wording/tests":                   {ok: 422, form: url.Values{"letter": {"booking.couple"}}}, // without a carrier
	"POST /app/wording/look":                    {ok: 303, form: url.Values{"colour": {"#4f7a5b"}, "reply_to": {"hello@example.com"}}},
	"POST /app/team":                            {ok: 422},
	"POST /app/settings/region":                 {ok: 303, form: url.Values{"region": {"FR"}}},
	"GET /app/preferences":                      {ok: 200},
	"POST /app/preferences":                     {ok: 303, form: someWishes()},
	"POST /app/preferences/preview":             {ok: 200, form: someWishes()},
	"POST /app/phone":                           {ok: 303, form: url.Values{"phone": {"+44 7911 123456"}}},
	"POST /app/phone/proof":                     {ok: 422},
	"POST /app/phone/removal":                   {ok: 303},
	"POST /app/team/:id/role":                   {ok: 303, id: aMember, form: url.Values{"role": {"manager"}}},
	"POST /app/team/:id/removal":                {ok: 303, id: aMember},
	"GET /live":                                 {ok: 200, not: map[string]int{"stranger": 401}},
	"GET /us":                                   {ok: 200},
	"POST /webhooks/:provider/:token":           {ok: 404},
	"POST /webhooks/resend":                     {ok: 404}, // not configured in tests
	"POST /webhooks/twilio/status":              {ok: 404},
	"POST /webhooks/twilio/sms":                 {ok: 404},
	"GET /unsubscribe/:token":                   {ok: 404},
	"POST /unsubscribe/:token":                  {ok: 404},
	"GET /healthz":                              {ok: 200},
	"GET /readyz":                               {ok: 200},
	"GET /metrics":                              {ok: 200},
	"GET /ops":                                  {ok: 200},
	"GET /sandbox":                              {ok: 404},
	"POST /sandbox/sign-in":                     {ok: 404},
	"POST /sandbox/deliveries":                  {ok: 404},
	"GET /app/endpoints":                        {ok: 200},
	"GET /app/endpoints/new":                    {ok: 200},
	"POST /app/endpoints":                       {ok: 201, form: url.Values{"name": {"Zapier"}, "url": {"https://hooks.example.com/x"}, "type": {"booking.created"}}},
	"GET /app/endpoints/:id":                    {ok: 200, id: anEndpoint},
	"POST /app/endpoints/:id/pause":             {ok: 303, id: anEndpoint},
	"POST /app/endpoints/:id/resumption":        {ok: 303, id: anEndpoint},
	"POST /app/endpoints/:id/tests":             {ok: 303, id: anEndpoint},
	"POST /app/endpoints/:id/secrets":           {ok: 201, id: anEndpoint},
	"POST /app/endpoints/:id/removal":           {ok: 303, id: anEndpoint},
	"GET /app/messages/:id":                     {ok: 200, id: aMessage},
	"POST /app/messages/:id/runs":               {ok: 303, id: aMessage},
	"GET /app/connections/:id/mapping":          {ok: 200, id: aConnection},
	"POST /app/connections/:id/mapping":         {ok: 303, id: aConnection, form: url.Values{"kind.fixed": {"client.created"}, "path.client.email": {"mail"}}},
	"POST /app/connections/:id/mapping/preview": {ok: 200, id: aConnection},
	"POST /app/connections/:id/mapping/version": {ok: 303, id: aConnection, form: url.Values{"version": {"0"}}},
	"GET /ops/integrations":                     {ok: 200},
	"GET /app/connections/:id/readback":         {ok: 200, id: aConnection},
	"POST /app/connections/:id/readback":        {ok: 422, id: aConnection},
	"POST /app/connections/:id/unit":            {ok: 303, id: aConnection, form: url.Values{"unit": {"major"}}},
	"POST /app/connections/:id/bell":            {ok: 422, id: aConnection, form: url.Values{"may": {"yes"}}},
	"POST /app/connections/:id/hooks":           {ok: 422, id: aConnection, form: url.Values{"do": {"subscribe"}}},
	"POST /app/connections/:id/polls":           {ok: 422, id: aConnection},
	"GET /sandbox/vsco/*":                       {ok: 404},
	"POST /sandbox/vsco/*":                      {ok: 404},
	"DELETE /sandbox/vsco/*":                    {ok: 404},
	"GET /sandbox/outbox":                       {ok: 404},
	"GET /sandbox/outbox/:id":                   {ok: 404, id: nobodys},
	"GET /sandbox/outbox/:id/html":              {ok: 404, id: nobodys},
	"POST /sandbox/outbox/:id/events":           {ok: 404, id: nobodys},
	"POST /sandbox/troubles":                    {ok: 404},
	"GET /sandbox/resend/*":                     {ok: 404},
	"POST /sandbox/resend/*":                    {ok: 404},
	"GET /sandbox/twilio/*":                     {ok: 404},
	"POST /sandbox/twilio/*":                    {ok: 404},
	"POST /sandbox/push/:id":                    {ok: 404, id: nobodys},
	"GET /sandbox/calendars":                    {ok: 404},
	"POST /sandbox/calendars/events":            {ok: 404},
	"POST /sandbox/calendars/changes":           {ok: 404},
	"POST /sandbox/calendars/troubles":          {ok: 404},
	"GET /sandbox/google/*":                     {ok: 404},
	"POST /sandbox/google/*":                    {ok: 404},
	"PUT /sandbox/google/*":                     {ok: 404},
	"PATCH /sandbox/google/*":                   {ok: 404},
	"DELETE /sandbox/google/*":                  {ok: 404},
	"GET /sandbox/microsoft/*":                  {ok: 404},
	"POST /sandbox/microsoft/*":                 {ok: 404},
	"PATCH /sandbox/microsoft/*":                {ok: 404},
	"DELETE /sandbox/microsoft/*":               {ok: 404},
	"GET /app/imports":                          {ok: 200},
	"POST /app/imports":                         {ok: 422},
	"GET /app/imports/:id":                      {ok: 200, id: anImport},
	"POST /app/imports/:id/columns":             {ok: 303, id: anImport, form: url.Values{"kind": {"bookings"}, "column.client": {"0"}, "column.date": {"1"}}},
	"POST /app/imports/:id/start":               {ok: 303, id: anImport},
	"POST /app/imports/:id/cancellation":        {ok: 303, id: anImport},
	"POST /app/imports/:id/resumption":          {ok: 303, id: anImport},
	"GET /sandbox/sheets/lightblue.csv":         {ok: 404},
	"GET /sandbox/sheets/lightblue.html":        {ok: 404},
	"POST /app/deliveries/:id/rehearsals":       {ok: 200, id: aDelivery},
	"GET /app/repairs":                          {ok: 200},
	"POST /app/repairs/rehearsals":              {ok: 200},
	"POST /app/repairs/runs":                    {ok: 303},
	"POST /app/connections/:id/rotation":        {ok: 201, id: aConnection},
	"GET /app/notifications":                    {ok: 200},
	"GET /app/notifications/:id":                {ok: 200, id: aNotification},
	"POST /app/suppressions/removal":            {ok: 404, form: url.Values{"channel": {"email"}, "address": {"nobody@example.com"}}},
	"GET /app/plan":                             {ok: 200},
	"POST /app/plan/requests":                   {ok: 303, form: url.Values{"tier": {"enterprise"}}},
	"POST /ops/plans/:id":                       {ok: 303, id: aPlanRequest, form: url.Values{"action": {"decline"}}},
	"POST /app/push":                            {ok: 422, form: url.Values{"endpoint": {"https://127.0.0.1/x"}}},
	"POST /app/push/:id/removal":                {ok: 303, id: aPush, not: map[string]int{"staff": 404, "manager": 404, "operator": 404}}, // one's own only
	"GET /sw.js":                                {ok: 200},
	"GET /app/calendars":                        {ok: 200},
	"POST /app/calendars":                       {ok: 422, form: url.Values{"kind": {"ics"}}, not: map[string]int{"neighbour": 422}},
	"POST /app/calendars/google":                {ok: 422}, // without keys
	"POST /app/calendars/microsoft":             {ok: 422},
	"GET /oauth/google/callback":                {ok: 303},
	"GET /oauth/microsoft/callback":             {ok: 303},
	"GET /app/calendars/wording":                {ok: 200},
	"POST /app/calendars/wording":               {ok: 303},
	"POST /app/calendars/freshness":             {ok: 303, form: url.Values{"minutes": {"30"}, "hold_days": {"7"}}},
	"GET /app/calendars/:id":                    {ok: 200, id: anAccount},
	"POST /app/calendars/:id/pause":             {ok: 303, id: anAccount},
	"POST /app/calendars/:id/resumption":        {ok: 303, id: anAccount},
	"POST /app/calendars/:id/removal":           {ok: 303, id: anAccount},
	"POST /app/calendars/:id/strategy":          {ok: 303, id: anAccount, form: url.Values{"strategy": {"manual"}}},
	"POST /app/calendars/:id/password":          {ok: 422, id: anAccount},
	"POST /app/calendar-choices/:id":            {ok: 303, id: aCalendar, form: url.Values{"blocks": {"on"}}},
	"POST /app/calendar-choices/:id/pulls":      {ok: 303, id: aCalendar},
	"GET /app/conflicts":                        {ok: 200},
	"GET /app/conflicts/:id":                    {ok: 200, id: aConflict},
	"POST /app/conflicts/:id/resolution":        {ok: 303, id: aConflict, form: url.Values{"resolution": {"both"}}},
	"POST /app/conflicts/:id/undo":              {ok: 303, id: aSettledConflict},
	"POST /app/feed":                            {ok: 303, form: url.Values{"do": {"make"}}},
	"GET /feeds/:token":                         {ok: 404, not: map[string]int{"operator": 429, "neighbour": 429}}, // the fifth guess in a minute was the last
	"POST /webhooks/google":                     {ok: 404},                                                         // not configured in tests
	"POST /webhooks/microsoft":                  {ok: 404},
	"POST /app/connections/:id/closures":        {ok: 303, id: aConnection, form: url.Values{"secret": {uuid.Nil.String()}}},
}

// expected is what a persona gets, by the route's access alone.

func expected(r route, c routeCase, persona string) int {
	if status, ok := c.not[persona]; ok {
		return status
	}
	may := map[access][]string{
		anyone: personas, demo: personas, couple: {"couple"}, operator: {"operator"},
		staff: {"staff", "manager", "owner", "operator", "neighbour"}, manager: {"manager", "owner", "neighbour"}, owner: {"owner", "neighbour"},
	}[r.access]
	switch {
	case !slices.Contains(may, persona) && persona == "stranger":
		return http.StatusSeeOther
	case !slices.Contains(may, persona):
		return http.StatusForbidden
	case persona == "neighbour" && c.id != nil:
		return http.StatusNotFound
	default:
		return c.ok
	}
}

func addressed(r route, id uuid.UUID) string {
	return strings.NewReplacer(":id", id.String(), ":provider", "custom", ":token", "no-such-token").Replace(r.path)
}

func TestEveryRouteLetsInWhoMayAndNobodyElse(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	left := maps.Clone(routeCases)
	for _, r := range w.routes() {
		c, there := routeCases[r.method+" "+r.path]
		delete(left, r.method+" "+r.path)
		if !there {
			t.Errorf("%s %s has no case", r.method, r.path)
			continue
		}
		for _, persona := range personas {
			var id uuid.UUID
			if c.id != nil {
				id = c.id(t, w, w.org)
			}
			who := w.as(t, persona)
			got := w.do(t, w.request(t, r.method, addressed(r, id), c.form, who))
			if want := expected(r, c, persona); got.Code != want {
				t.Errorf("%s: %s %s: %d, want %d", persona, r.method, r.path, got.Code, want)
			}
			if to := got.Header().Get("Location"); persona == "stranger" && r.access != anyone && got.Code == 303 && !strings.HasPrefix(to, "/login") {
				t.Errorf("%s %s sends a stranger to %s", r.method, r.path, to)
			}
		}
	}
	if len(left) > 0 {
		t.Errorf("cases without a route: %v", slices.Collect(maps.Keys(left)))
	}
}

// What is served beside the site map is known here by name.

func TestNothingIsServedOutsideTheSiteMap(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	mapped := []string{"/static/*", "/favicon.ico", "/ops/jobs", "/ops/jobs/*"}
	for _, r := range w.routes() {
		mapped = append(mapped, r.path)
	}
	for _, r := range w.echo.Routes() {
		if !slices.Contains(mapped, r.Path) {
			t.Errorf("%s %s is not in routes()", r.Method, r.Path)
		}
	}
	for persona, want := range map[string]int{"stranger": 303, "couple": 403, "owner": 403, "operator": 200} {
		for _, path := range []string{"/ops/jobs", "/ops/jobs/api/queues?limit=1"} {
			got := w.get(t, path, w.as(t, persona))
			if persona == "operator" && got.Code < 400 || got.Code == want {
				continue
			}
			t.Errorf("%s: %s: %d", persona, path, got.Code)
		}
	}
	for path, want := range map[string]int{"/no/such/page": 404, "/favicon.ico": 301, "/static/no-such-file": 404, "/app/": 404} {
		if got := w.get(t, path, nil); got.Code != want {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

// Nothing tells a neighbour's id from one that nobody has: not the status, not the words, not a header.

// The ids in a stream's and a list's query are held to the same.

// The demo's doors are open only in the demo.

func anImport(t *testing.T, w *town, org testdb.Supplier) uuid.UUID {
	t.Helper()
	raw := []byte("Name,Wedding date\nAnna Kay,2027-06-12\n")
	sheet, err := inbound.ReadSheet("list.csv", "text/csv", raw)
	if err != nil {
		t.Fatal(err)
	}
	d := inbound.Defaults{Zone: time.UTC, Currency: "GBP"}
	id, err := inbound.KeepSheet(t.Context(), w.pool, inbound.Upload{OrgID: org.ID, ConnectionID: aConnection(t, w, org), Filename: "list.csv", Raw: raw}, sheet, d)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
