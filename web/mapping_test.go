package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
)

// arrived stores a delivery as the door would.
func (w *town) arrived(t *testing.T, org, connection uuid.UUID, contentType, body string, more ...string) uuid.UUID {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	source, status := "hook", "failed"
	if len(more) == 2 {
		source, status = more[0], more[1]
	}
	_, err := w.pool.Exec(t.Context(), `INSERT INTO webhook_logs (org_id, id, connection_id, provider, event_id, status, received_at, content_type, proof, body, source)
		VALUES ($1, $2, $3, 'custom', $4, $5, now(), $6, 'wedsync', $7, $8)`, org, id, connection, id.String(), status, contentType, []byte(body), source)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *town) mappingDesk(t *testing.T) (connection uuid.UUID, page string, owner *http.Cookie) {
	t.Helper()
	connection = w.connect(t, w.org.ID, queries.ProviderCustom, queries.SenderProofSigned).ID
	return connection, "/app/connections/" + connection.String() + "/mapping", w.as(t, "owner")
}

const paid = `{"event":{"name":"Invoice paid"},"invoice":{"ref":"INV-1","sum":"1,250.00","when":"2027-06-01"},"client":{"email":"a@example.com","token":"hush-hush"}}`

func paidForm(change ...string) url.Values {
	form := url.Values{"kind.path": {"event.name"}, "words.of": {"event.name"}, "word": {"Invoice paid", "seen"}, "means": {"payment.completed", ""}, "unit": {"major"},
		"path.payment.external_id": {"invoice.ref"}, "path.payment.amount": {"invoice.sum"}, "path.payment.paid_at": {"invoice.when"}, "path.client.email": {"client.email"},
		"text.payment.currency": {"GBP"}}
	for i := 0; i+1 < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}
	return form
}

func holds(t *testing.T, what, page string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(page, word) {
			t.Errorf("%s does not say %q:\n%s", what, word, page)
		}
	}
}

func TestWithoutADeliveryTheMappingSaysToSendOne(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	connection, page, owner := w.mappingDesk(t)
	w.arrived(t, w.org.ID, connection, "application/json", `{"a":1}`, "test", "applied") // our own button's is no word of the sender's
	got := w.get(t, page, owner)
	holds(t, page, got.Body.String(), "Send one first", "/app/connections/"+connection.String()+"/guide", "/webhooks/custom/")
	stripe := w.connect(t, w.org.ID, queries.ProviderStripe, queries.SenderProofSigned).ID
	if got := w.get(t, "/app/connections/"+stripe.String()+"/mapping", owner); got.Code != http.StatusNotFound {
		t.Errorf("Stripe is mapped: %d", got.Code)
	}
}

func TestTheMappingPageSuggestsFromARealDelivery(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	connection, page, owner := w.mappingDesk(t)
	first := w.arrived(t, w.org.ID, connection, "application/x-www-form-urlencoded", "type=new_client&client_name=Zo%C3%AB&email=z%40example.com")
	w.arrived(t, w.org.ID, connection, "application/json", paid)
	w.arrived(t, w.org.ID, connection, "application/json", `{"broken`)
	w.arrived(t, w.org.ID, connection, "application/json", `{"big":"`+strings.Repeat("x", 1<<16)+`"}`)
	body := w.get(t, page, owner).Body.String()
	holds(t, page, body, "invoice.sum — 1,250.00", "client.token — •••", "client.email", "beyond 64 KB not tried here", "ends in the middle of its JSON", "Keep as version 1")
	if strings.Contains(body, "hush-hush") {
		t.Error("the page shows a secret")
	}
	body = w.get(t, page+"?sample="+first.String(), owner).Body.String()
	holds(t, "the other sample", body, `value="client_name" selected`, `value="email" selected`, "“new_client” means", `value="client.created" selected`, "A new client")
	for _, odd := range []string{"?sample=no-id", "?sample=" + uuid.NewString(), "?kept=7"} {
		if got := w.get(t, page+odd, owner); got.Code != 200 || strings.Contains(got.Body.String(), "From now on") {
			t.Errorf("%s: %d", odd, got.Code)
		}
	}
}

func TestTheMappingIsTriedBeforeItIsKept(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	connection, page, owner := w.mappingDesk(t)
	w.arrived(t, w.org.ID, connection, "application/json", paid)
	w.arrived(t, w.org.ID, connection, "application/json", strings.Replace(paid, "1,250.00", "1.250,00", 1))
	w.arrived(t, w.org.ID, connection, "application/json", strings.Replace(paid, "Invoice paid", "seen", 1))
	whole := w.post(t, page+"/preview", paidForm(), owner)
	if whole.Code != 200 {
		t.Fatal(whole.Code)
	}
	want := []string{"1 of 3 deliveries are read; 1 kept and not used; 1 cannot be read.", "£1,250.00", "Tue 1 June 2027", "A payment was made", "Amount (payment.amount) from invoice.sum", "a@example.com"}
	holds(t, "the page", whole.Body.String(), append(want, "<!doctype html>", "“Invoice paid” means")...)
	r := w.request(t, http.MethodPost, page+"/preview", paidForm(), owner)
	r.Header.Set("HX-Request", "true")
	part := w.do(t, r).Body.String()
	holds(t, "the part", part, append(want, `id="preview"`, `id="words"`)...)
	if strings.Contains(part, "<html") {
		t.Error("htmx gets a whole page")
	}
	// Another field says what happened: its words are asked for.
	r = w.request(t, http.MethodPost, page+"/preview", paidForm("kind.path", "client.email"), owner)
	r.Header.Set("HX-Request", "true")
	holds(t, "new words", w.do(t, r).Body.String(), "“a@example.com” means")
	if n := w.count(t, "SELECT count(*) FROM mappings WHERE org_id = $1", w.org.ID); n != 0 {
		t.Errorf("%d versions were kept by looking", n)
	}
}

func TestAMappingIsKeptAndGoneBackFrom(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	connection, page, owner := w.mappingDesk(t)
	delivery := w.arrived(t, w.org.ID, connection, "application/json", paid)
	for version := 1; version <= 2; version++ {
		got := w.post(t, page, paidForm(), owner)
		if to := got.Header().Get("Location"); got.Code != 303 || to != fmt.Sprintf("%s?kept=%d", page, version) {
			t.Fatalf("%d to %s: %s", got.Code, to, got.Body)
		}
	}
	holds(t, "the page", w.get(t, page+"?kept=2", owner).Body.String(), "From now on deliveries are read by your reading 2", "?status=failed", "Keep as version 3", "In use")
	m, err := inbound.LoadMapping(t.Context(), w.q, w.org.ID, connection, 2)
	if err != nil || m.Version != 2 || m.Unit != "major" || m.Fields["payment.amount"].Path != "invoice.sum" || m.Kind.Words["invoice paid"] != "payment.completed" {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := inbound.LoadMapping(t.Context(), w.q, w.theirs.ID, connection, 2); err == nil {
		t.Error("a neighbour loads it")
	}
	if m, err := inbound.LoadMapping(t.Context(), w.q, w.org.ID, connection, 0); m != nil || err != nil {
		t.Errorf("%+v, %v", m, err)
	}
	inUse := func(want int) {
		t.Helper()
		if n := w.count(t, "SELECT mapping_version FROM connections WHERE org_id = $1 AND id = $2", w.org.ID, connection); n != want {
			t.Errorf("version %d is in use, want %d", n, want)
		}
	}
	inUse(2)
	for _, try := range []struct {
		version string
		code    int
		then    int
	}{{"1", 303, 1}, {"3", 404, 1}, {"-1", 404, 1}, {"", 404, 1}, {"99999999999", 404, 1}, {"0", 303, 0}} {
		if got := w.post(t, page+"/version", url.Values{"version": {try.version}}, owner); got.Code != try.code {
			t.Errorf("version %q: %d", try.version, got.Code)
		}
		inUse(try.then)
	}
	at := "/app/deliveries/" + delivery.String()
	if strings.Contains(w.get(t, at, owner).Body.String(), "Read by") {
		t.Error("nothing has read it yet")
	}
	for version, words := range map[int]string{0: "the default for Tave", 2: "your reading 2"} {
		if _, err := w.pool.Exec(t.Context(), "UPDATE webhook_logs SET mapping_version = $1, provider = 'tave' WHERE id = $2", version, delivery); err != nil {
			t.Fatal(err)
		}
		holds(t, at, w.get(t, at, owner).Body.String(), "Read by", words)
	}
}

func TestAMappingThatCannotReadIsNotKept(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	connection, page, owner := w.mappingDesk(t)
	w.arrived(t, w.org.ID, connection, "application/json", paid)
	for _, tt := range []struct {
		what  string
		form  url.Values
		field string
		words string
	}{
		{"nothing", url.Values{}, "kind-path", "Nothing is chosen yet"},
		{"no id of the payment", paidForm("path.payment.external_id", ""), "path-payment-external_id", "counted twice"},
		{"no unit", paidForm("unit", ""), "unit", "wrong a hundredfold"},
		{"another field's words", paidForm("kind.path", "client.email"), "kind-path", "Say what each of them means"},
		{"no path", paidForm("path.payment.amount", "a..b"), "path-payment-amount", "This is no path"},
		{"a path with NUL", paidForm("path.payment.amount", "a\x00b"), "path-payment-amount", "This is no path"},
		{"broken UTF-8", paidForm("path.payment.amount", "a\xff"), "path-payment-amount", "This is no path"},
		{"a huge path", paidForm("path.payment.amount", strings.Repeat("a", 5000)), "path-payment-amount", "This is no path"},
		{"a kind of our making", paidForm("kind.fixed", "payment.imagined"), "kind-path", "from the list"},
		{"a currency that is none", paidForm("text.payment.currency", "quid"), "path-payment-currency", "three letters"},
	} {
		got := w.post(t, page, tt.form, owner)
		if got.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", tt.what, got.Code)
		}
		holds(t, tt.what, got.Body.String(), "The reading was not kept", tt.words, `href="#`+tt.field+`"`, `id="`+tt.field+`"`)
	}
	if n := w.count(t, "SELECT count(*) FROM mappings WHERE org_id = $1", w.org.ID); n != 0 {
		t.Errorf("%d versions were kept", n)
	}
	// What is odd and harmless is kept as it can be.
	got := w.post(t, page, paidForm("word", "\x00\xff", "means", ""), owner)
	if got.Code >= 500 {
		t.Errorf("an odd word: %d", got.Code)
	}
}

func TestTwoWhoKeepAReadingAtOnceGetANumberEach(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	connection, page, owner := w.mappingDesk(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got := w.post(t, page, paidForm(), owner); got.Code != 303 {
				t.Errorf("%d", got.Code)
			}
		})
	}
	all.Wait()
	if n := w.count(t, "SELECT max(version) FROM mappings WHERE org_id = $1 AND connection_id = $2", w.org.ID, connection); n != 8 {
		t.Errorf("the last is %d", n)
	}
}

// A page of five hundred fields for thirty of ours must stay a page.
func TestALargeDeliveryIsStillAPage(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	connection, page, owner := w.mappingDesk(t)
	var fields []string
	for i := range 600 {
		fields = append(fields, fmt.Sprintf(`"field_%d":{"value":"x"}`, i))
	}
	w.arrived(t, w.org.ID, connection, "application/json", "{"+strings.Join(fields, ",")+"}")
	got := w.get(t, page, owner)
	if got.Code != 200 || got.Body.Len() > 300<<10 {
		t.Errorf("%d, %d bytes", got.Code, got.Body.Len())
	}
	holds(t, page, got.Body.String(), "100 fields more are not shown", `list="paths"`, `<datalist id="paths">`)
}
