package inbound

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/queries"
)

func TestPeek(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 0, 30, 0, 0, time.FixedZone("", 3600)) // still the 21st in UTC
	long := strings.Repeat("x", 256)
	form := header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	for _, c := range []struct {
		name     string
		provider queries.Provider
		h        http.Header
		body     string
		id, kind string // id "#" for the body's hash of this day, "id-" for a hashed id
	}{
		{"stripe", "stripe", nil, `{"id":"evt_1","object":"event","type":"charge.failed","data":{"object":{"id":"ch_1"}}}`, "evt_1", "charge.failed"},
		{"stripe takes no header", "stripe", header("Idempotency-Key", "k"), `{"id":"evt_1"}`, "evt_1", ""},
		{"stripe in capitals", "stripe", nil, `{"ID":"evt_1"}`, "#", ""},
		{"ours", "custom", nil, `{"id":"evt-1","type":"booking.created","data":{"booking":{}}}`, "evt-1", "booking.created"},
		{"ours by number", "custom", nil, `{"id":12345678901234567890,"type":"booking.created","data":{}}`, "12345678901234567890", "booking.created"},
		{"ours in a list", "custom", nil, `[{"id":"evt-1","type":"booking.created","data":{}}]`, "evt-1", "booking.created"},
		{"ours in a form", "custom", form, `id=evt-1&type=client.created&data.client.external_id=c`, "evt-1", "client.created"},
		{"webhook-id first", "custom", header("webhook-id", "msg_1", "Idempotency-Key", "k"), `{"id":"evt-1","type":"booking.created","data":{}}`, "msg_1", "booking.created"},
		{"then Idempotency-Key", "custom", header("Idempotency-Key", "k"), `{"id":"evt-1"}`, "k", ""},
		{"a flat id may be the project's", "honeybook", nil, `{"id":"p-1","event_type":"Payment Received"}`, "#", "Payment Received"},
		{"no JSON", "custom", nil, `hello`, "#", ""},
		{"nothing", "custom", nil, ``, "#", ""},
		{"an id too long", "stripe", nil, `{"id":"` + long + `"}`, "id-", ""},
		{"an id with NUL", "stripe", nil, `{"id":"a\u0000b"}`, "id-", ""},
		{"an id of broken text", "stripe", nil, "{\"id\":\"\xff\"}", "id-", ""},
		{"a header of broken text", "custom", header("webhook-id", "\xff\x00"), `{}`, "id-", ""},
		{"an id that is an object", "stripe", nil, `{"id":{}}`, "#", ""},
		{"a type too long", "stripe", nil, `{"id":"evt_1","type":"` + long + `"}`, "evt_1", ""},
		{"a type that is a list", "stripe", nil, `{"id":"evt_1","type":[]}`, "evt_1", ""},
		{"deep", "stripe", nil, strings.Repeat("[", 100000), "#", ""},
	} {
		got := Peek(c.provider, c.h, []byte(c.body), at)
		matches := got.EventID == c.id && got.Also == ""
		switch c.id {
		case "#":
			matches = strings.HasPrefix(got.EventID, "sha256:") && strings.HasSuffix(got.EventID, "@2026-11-21") &&
				got.Also == strings.TrimSuffix(got.EventID, "21")+"20"
		case "id-":
			matches = strings.HasPrefix(got.EventID, "id-sha256:") && got.Also == ""
		}
		if !matches || got.EventType != c.kind {
			t.Errorf("%s: got %+v", c.name, got)
		}
	}
}

func TestPeekSameBody(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	peek := func(body string, at time.Time) string { return Peek("custom", nil, []byte(body), at).EventID }
	same := peek(`{"a":1,"b":[1,2.50]}`, at)
	for _, c := range []struct {
		body string
		want bool
	}{
		{"{ \"b\": [1, 2.50],\n \"a\": 1 }", true},
		{`{"a":1,"b":[2.50,1]}`, false},
		{`{"a":1,"b":[1,2.5]}`, false}, // numbers count as they are written
		{`{"a":1,"b":[1,2.50],"c":null}`, false},
	} {
		if got := peek(c.body, at) == same; got != c.want {
			t.Errorf("%s: same is %t, want %t", c.body, got, c.want)
		}
	}
	if tomorrow := Peek("custom", nil, []byte(`{"a":1,"b":[1,2.50]}`), at.AddDate(0, 0, 1)); tomorrow.Also != same {
		t.Errorf("the next day must ask for the day before: %+v, want %s", tomorrow, same)
	}
}
