package sandbox

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// hosted is a world whose stand-ins answer over HTTP, and the WedSync that they call back.
type hosted struct {
	*World
	at    string // where the stand-ins are
	heard chan heard
	mu    sync.Mutex
	says  int
}

type heard struct {
	path, body string
	header     http.Header
}

func host(t *testing.T) *hosted {
	t.Helper()
	h := &hosted{World: NewWorld(time.Now()), heard: make(chan heard, 100), says: 200}
	mux := http.NewServeMux()
	mux.Handle("/sandbox/resend/", h.Resend)
	mux.Handle("/sandbox/twilio/", h.Twilio)
	mux.Handle("/sandbox/push/", h.Push)
	mux.HandleFunc("/webhooks/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		says := h.says
		h.mu.Unlock()
		h.heard <- heard{r.URL.RequestURI(), string(body), r.Header}
		w.WriteHeader(says)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	h.at = server.URL
	h.Resend.Pace, h.Twilio.Pace = 8*time.Millisecond, 8*time.Millisecond
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Open(base); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { h.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	return h
}

func (h *hosted) next(t *testing.T) heard {
	t.Helper()
	select {
	case got := <-h.heard:
		return got
	case <-time.After(10 * time.Second):
		t.Fatal("no callback came")
		return heard{}
	}
}

func (h *hosted) answers(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.says = status
}

func (h *hosted) ask(t *testing.T, method, path string, header map[string]string, body string) (int, map[string]any, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, h.at+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		req.Header[http.CanonicalHeaderKey(name)] = []string{value}
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return 0, map[string]any{"error": err.Error()}, nil
	}
	defer res.Body.Close()
	var answer map[string]any
	raw, err := io.ReadAll(res.Body)
	if err == nil && len(raw) > 0 {
		err = json.Unmarshal(raw, &answer)
	}
	if err != nil {
		t.Fatalf("%s %s: %s: %v", method, path, raw, err)
	}
	return res.StatusCode, answer, res.Header
}

func TestTheOutboxKeepsTheNewestAndCountsAll(t *testing.T) {
	t.Parallel()
	o := newOutbox()
	took := 0
	o.Took = func(Sent) { took++ }
	first := uuid.New()
	o.take(Sent{ID: first, Channel: SMS, To: []string{"+447700900001"}, At: time.Unix(0, 0)})
	for i := range kept + 20 {
		o.take(Sent{ID: uuid.New(), Channel: Email, To: []string{"Anna <A@Example.com>"}, At: time.Unix(int64(i), 0)})
	}
	found := o.Newest(Email, "a@example.com")
	if len(found) != kept || found[0].At.Unix() != kept+19 || o.Count(Email) != kept+20 || took != kept+21 {
		t.Errorf("%d kept, the newest of %v, %d counted, %d heard of", len(found), found[0].At, o.Count(Email), took)
	}
	if _, there := o.Get(first); !there || len(o.Newest("", "")) != kept+1 {
		t.Error("one channel pushes another's out")
	}
	if got := o.Recipients(); len(got) != 2 || got[1] != "a@example.com" {
		t.Errorf("recipients: %v", got)
	}
	o.becomes(uuid.New(), func(*Sent) { t.Error("nothing of that id is kept") })
	for range 50 {
		o.becomes(first, func(s *Sent) { s.Told = append(s.Told, Told{}) })
	}
	if s, _ := o.Get(first); len(s.Told) != 20 {
		t.Errorf("%d callbacks are kept of one message", len(s.Told))
	}
}

func TestTroublesOnDemand(t *testing.T) {
	t.Parallel()
	h := host(t)
	send := map[string]func() int{
		"resend": func() int { s, _, _ := h.mail(t, nil, goodMail); return s },
		"twilio": func() int { s, _ := h.text(t, nil); return s },
		"push":   func() int { return h.push(t, "Ada’s phone", nil) },
	}
	well := map[string]int{"resend": 200, "twilio": 201, "push": 201}
	for carrier, f := range send {
		for _, trouble := range Troubles[carrier] {
			if trouble == Slow {
				continue
			}
			if err := h.SetTrouble(carrier, trouble); err != nil || h.TroubleOf(carrier) != trouble {
				t.Fatalf("%s: %s: %v", carrier, trouble, err)
			}
			want := map[Trouble]int{Down: 503, KeyRefused: 401, Busy: 429, HangsUp: 0, Silent: well[carrier]}[trouble]
			before := h.Outbox.Count(map[string]string{"resend": Email, "twilio": SMS, "push": Push}[carrier])
			if got := f(); got != want {
				t.Errorf("%s, %s: %d, want %d", carrier, trouble, got, want)
			}
			taken := h.Outbox.Count(map[string]string{"resend": Email, "twilio": SMS, "push": Push}[carrier]) - before
			if should := trouble == HangsUp || trouble == Silent; (taken == 1) != should {
				t.Errorf("%s, %s: %d taken", carrier, trouble, taken)
			}
		}
		if err := h.SetTrouble(carrier, Fine); err != nil || f() != well[carrier] {
			t.Errorf("%s does not get well: %v", carrier, err)
		}
	}
	if h.SetTrouble("smtp", Silent) == nil || h.SetTrouble("pigeon", Fine) == nil {
		t.Error("a trouble that nobody has was taken")
	}
}

func TestWhatCannotHappen(t *testing.T) {
	t.Parallel()
	h := host(t)
	_, answer, _ := h.mail(t, nil, goodMail)
	id := uuid.MustParse(answer["id"].(string))
	for _, c := range []struct {
		id  uuid.UUID
		act string
	}{{uuid.New(), "delivered"}, {id, "explode"}, {id, "stop"}, {id, "reply"}, {id, ""}} {
		if err := h.Happen(t.Context(), c.id, c.act, "words"); err != ErrNoSuch {
			t.Errorf("%q: %v", c.act, err)
		}
	}
}
