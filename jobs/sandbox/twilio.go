package sandbox

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Twilio speaks the wire of Twilio's Messages resource: Basic auth, forms, its codes, its signed callbacks.
type Twilio struct {
	SID, Token, From string
	Base             *url.URL // where replies go, and the only place to which callbacks are posted; nil: no replies, callbacks anywhere
	Pace             time.Duration

	mood
	outbox  *Outbox
	courier *courier

	mu      sync.Mutex
	stopped map[string]bool // numbers that said STOP
}

func newTwilio(sid, token, from string, o *Outbox, c *courier) *Twilio {
	return &Twilio{SID: sid, Token: token, From: from, Pace: 400 * time.Millisecond, outbox: o, courier: c, stopped: map[string]bool{}}
}

// ServeHTTP answers below any prefix that ends in /twilio, or at the root.
func (t *Twilio) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	path := below(req.URL.Path, "/twilio")
	w.Header().Set("Content-Type", "application/json")
	rest, ours := strings.CutPrefix(path, "/2010-04-01/Accounts/"+t.SID+"/")
	sid, isOne := strings.CutPrefix(rest, "Messages/")
	fault := t.refuses(w, req, path)
	switch {
	case fault != nil:
		fault.write(w)
	case ours && rest == "Messages.json" && req.Method == http.MethodPost:
		t.send(w, req)
	case ours && rest == "Messages.json" && req.Method == http.MethodGet:
		t.list(w, req)
	case ours && isOne && req.Method == http.MethodGet:
		t.one(w, path, strings.TrimSuffix(sid, ".json"))
	case ours && (isOne || rest == "Messages.json"):
		(&twilioFault{405, 20004, "Method not allowed"}).write(w)
	default:
		notFound(path).write(w)
	}
}

func (t *Twilio) refuses(w http.ResponseWriter, req *http.Request, path string) *twilioFault {
	account, token, basic := req.BasicAuth()
	switch trouble := t.is(); {
	case trouble == Down:
		return &twilioFault{503, 20503, "Service unavailable"}
	case trouble == Busy:
		w.Header().Set("Retry-After", "2")
		return &twilioFault{429, 20429, "Too Many Requests"}
	case !basic || account != t.SID || token != t.Token || trouble == KeyRefused:
		w.Header().Set("WWW-Authenticate", `Basic realm="Twilio API"`)
		return &twilioFault{401, 20003, "Authenticate"}
	case !strings.HasPrefix(path, "/2010-04-01/Accounts/"+t.SID+"/"):
		return notFound(path)
	}
	return nil
}

func notFound(path string) *twilioFault {
	return &twilioFault{404, 20404, "The requested resource " + path + " was not found"}
}

func (t *Twilio) send(w http.ResponseWriter, req *http.Request) {
	req.Body = http.MaxBytesReader(w, req.Body, 1<<20)
	if err := req.ParseForm(); err != nil {
		(&twilioFault{400, 20001, "The form could not be read: " + err.Error()}).write(w)
		return
	}
	form := req.PostForm
	if fault := t.fault(form); fault != nil {
		fault.write(w)
		return
	}
	t.dawdle(req.Context())
	from := form.Get("From")
	if from == "" {
		from = t.From
	}
	s := Sent{ID: uuid.New(), Channel: SMS, Carrier: "twilio", At: time.Now(), From: from, To: []string{form.Get("To")}, Text: form.Get("Body"),
		Callback: form.Get("StatusCallback"), Status: "queued"}
	t.outbox.take(s)
	t.follow(s)
	t.hangUp()
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(encodeLine(t.message(s)))
}

func (t *Twilio) one(w http.ResponseWriter, path, sid string) {
	id, err := hex.DecodeString(strings.TrimPrefix(sid, "SM"))
	if err != nil || len(id) != 16 || len(sid) != 34 {
		notFound(path).write(w)
		return
	}
	s, there := t.outbox.Get(uuid.UUID(id))
	if !there || s.Carrier != "twilio" {
		notFound(path).write(w)
		return
	}
	_, _ = w.Write(encodeLine(t.message(s)))
}

// list pages through what was sent, newest first. The parameter's name is "DateSent>", so that an address reads DateSent>=2027-06-12.
func (t *Twilio) list(w http.ResponseWriter, req *http.Request) {
	q := req.URL.Query()
	size, page := number(q.Get("PageSize"), 50), number(q.Get("Page"), 0)
	within, ok := sentWithin(q)
	if !ok || size < 1 || page < 0 {
		(&twilioFault{400, 20001, "A parameter of the list could not be read."}).write(w)
		return
	}
	size = min(size, 1000)
	found := slices.DeleteFunc(t.outbox.Newest(SMS, q.Get("To")), func(s Sent) bool {
		return q.Get("From") != "" && s.From != q.Get("From") || !within(s.At)
	})
	from := min(page*size, len(found))
	rows := found[from:min(from+size, len(found))]
	messages := []object{}
	for _, s := range rows {
		messages = append(messages, t.message(s))
	}
	at := func(page int) string {
		q.Set("PageSize", strconv.Itoa(size))
		q.Set("Page", strconv.Itoa(page))
		return "/2010-04-01/Accounts/" + t.SID + "/Messages.json?" + q.Encode()
	}
	answer := object{"messages": messages, "page": page, "page_size": size, "start": from, "end": max(from+len(rows)-1, 0), "uri": at(page), "first_page_uri": at(0),
		"next_page_uri": nil, "previous_page_uri": nil}
	if from+len(rows) < len(found) {
		answer["next_page_uri"] = at(page + 1)
	}
	if page > 0 {
		answer["previous_page_uri"] = at(page - 1)
	}
	_, _ = w.Write(encodeLine(answer))
}

// sentWithin reads the bounds of a list. Twilio's times have whole seconds.
func sentWithin(q url.Values) (within func(time.Time) bool, ok bool) {
	bound := func(name string) (at time.Time, step time.Duration, is bool) {
		text := q.Get(name)
		if at, err := time.Parse(time.DateOnly, text); err == nil {
			return at, 24 * time.Hour, true
		}
		at, err := time.Parse(time.RFC3339, text)
		ok = ok && (err == nil || text == "")
		return at, time.Second, err == nil
	}
	ok = true
	on, step, hasOn := bound("DateSent")
	since, _, hasSince := bound("DateSent>")
	until, stepUntil, hasUntil := bound("DateSent<")
	return func(at time.Time) bool {
		at = at.Truncate(time.Second)
		return !(hasOn && (at.Before(on) || !at.Before(on.Add(step))) || hasSince && at.Before(since.Truncate(time.Second)) || hasUntil && !at.Before(until.Add(stepUntil)))
	}, ok
}

// message is the resource as Twilio shows it: its id is ours in hexadecimal.
func (t *Twilio) message(s Sent) object {
	uri := "/2010-04-01/Accounts/" + t.SID + "/Messages/" + smsID(s.ID)
	var code, words, sent any
	if s.Code != 0 {
		code, words = s.Code, twilioReasons[s.Code]
	}
	if s.Status != "queued" {
		sent = s.At.UTC().Format(time.RFC1123Z)
	}
	return object{"sid": smsID(s.ID), "account_sid": t.SID, "api_version": "2010-04-01", "messaging_service_sid": nil, "direction": "outbound-api",
		"from": s.From, "to": s.To[0], "body": s.Text, "status": s.Status, "num_segments": strconv.Itoa(segments(s.Text)), "num_media": "0",
		"error_code": code, "error_message": words, "price": nil, "price_unit": "USD", "uri": uri + ".json",
		"date_created": s.At.UTC().Format(time.RFC1123Z), "date_updated": s.At.UTC().Format(time.RFC1123Z), "date_sent": sent,
		"subresource_uris": object{"media": uri + "/Media.json"}}
}

func smsID(id uuid.UUID) string { return "SM" + hex.EncodeToString(id[:]) }

// twilioFault is an answer in Twilio's words.
type twilioFault struct {
	status, code int
	message      string
}

func (f *twilioFault) write(w http.ResponseWriter) {
	w.WriteHeader(f.status)
	_, _ = w.Write(encodeLine(object{"code": f.code, "message": f.message, "more_info": "https://www.twilio.com/docs/errors/" + strconv.Itoa(f.code), "status": f.status}))
}
