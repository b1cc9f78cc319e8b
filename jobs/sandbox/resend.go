package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Resend speaks the wire of Resend's API as far as sending goes: its key, its errors, its idempotency, its signed webhooks.
// In one thing it is stricter than the real one: a field that it does not know is refused, so that a typing error is seen.
type Resend struct {
	Key, Secret string   // the API key; what webhooks are signed with (whsec_…)
	Base        *url.URL // webhooks go to /webhooks/resend below it; nil: nowhere
	Pace        time.Duration
	Retries     []time.Duration

	mood
	outbox  *Outbox
	courier *courier

	mu         sync.Mutex
	keys       map[string]*answered
	keyOrder   []string
	suppressed map[string]string // address: previous_bounce or previous_complaint
}

// answered is what an idempotency key stands for; an empty answer means that the first request is still being worked on.
type answered struct {
	request [sha256.Size]byte
	answer  []byte
	at      time.Time
}

// resendRetries are the pauses after a webhook that was not taken.
var resendRetries = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour}

func newResend(key, secret string, o *Outbox, c *courier) *Resend {
	return &Resend{Key: key, Secret: secret, Pace: 400 * time.Millisecond, Retries: resendRetries, outbox: o, courier: c, keys: map[string]*answered{}, suppressed: map[string]string{}}
}

// ServeHTTP answers below any prefix that ends in /resend, or at the root.
func (r *Resend) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	path := below(req.URL.Path, "/resend")
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("ratelimit-limit", "100000") // the demo has no limit of its own
	w.Header().Set("ratelimit-remaining", "99999")
	w.Header().Set("ratelimit-reset", "1")
	id, isOne := strings.CutPrefix(path, "/emails/")
	fault := r.refuses(w, req)
	switch {
	case fault != nil:
		fault.write(w)
	case path == "/emails" && req.Method == http.MethodPost, path == "/emails/batch" && req.Method == http.MethodPost:
		r.send(w, req, path == "/emails/batch")
	case path == "/emails", path == "/emails/batch", isOne && req.Method != http.MethodGet:
		(&resendFault{405, "method_not_allowed", "Method is not allowed for the requested path."}).write(w)
	case isOne:
		r.one(w, id)
	default:
		(&resendFault{404, "not_found", "The requested endpoint does not exist."}).write(w)
	}
}

// refuses is what stands before any request: troubles, and the key.
func (r *Resend) refuses(w http.ResponseWriter, req *http.Request) *resendFault {
	key, bearer := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	switch trouble := r.is(); {
	case trouble == Down:
		return &resendFault{503, "application_error", "Internal server error. We are unable to process your request right now, please try again later."}
	case trouble == Busy:
		w.Header().Set("ratelimit-limit", "5")
		w.Header().Set("ratelimit-remaining", "0")
		w.Header().Set("retry-after", "2")
		return &resendFault{429, "rate_limit_exceeded", "Too many requests. You can only make 5 requests per second. See rate limit response headers for more information."}
	case !bearer || key == "":
		return &resendFault{401, "missing_api_key", "Missing API Key"}
	case trouble == KeyRefused:
		return &resendFault{401, "restricted_api_key", "This API key has been restricted."}
	case key != r.Key:
		return &resendFault{403, "invalid_api_key", "API key is invalid"}
	}
	return nil
}

func (r *Resend) send(w http.ResponseWriter, req *http.Request, batch bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, 4<<20))
	if err != nil {
		(&resendFault{413, "validation_error", "The request body is too large."}).write(w)
		return
	}
	key, hasKey := "", len(req.Header.Values("Idempotency-Key")) > 0
	if hasKey {
		key = req.Header.Get("Idempotency-Key")
		if n := len(key); n < 1 || n > 256 {
			(&resendFault{400, "invalid_idempotency_key", "The key must be between 1-256 chars."}).write(w)
			return
		}
	}
	before, fault := r.reserve(key, sha256.Sum256(append([]byte(req.URL.Path+"\n"), body...)), time.Now())
	if before == nil && fault == nil {
		before, fault = r.take(req, body, batch)
		r.settle(key, before)
		if fault == nil {
			r.hangUp()
		}
	}
	if fault != nil {
		fault.write(w)
		return
	}
	_, _ = w.Write(before) // a caller who has gone needs no answer
}

// take reads the request, all of it before the first mail is taken, and gives the answer.
func (r *Resend) take(req *http.Request, body []byte, batch bool) ([]byte, *resendFault) {
	if mime, _, _ := strings.Cut(req.Header.Get("Content-Type"), ";"); strings.TrimSpace(mime) != "application/json" {
		return nil, &resendFault{422, "validation_error", "The request body must be JSON."}
	}
	if !batch {
		mail, fault := readResendMail(body)
		if fault != nil {
			return nil, fault
		}
		r.dawdle(req.Context())
		return encodeLine(object{"id": r.accept(mail)}), nil
	}
	mails, errors, fault := readResendBatch(body, req.Header.Get("x-batch-validation") == "permissive")
	if fault != nil {
		return nil, fault
	}
	r.dawdle(req.Context())
	answer := object{"data": []object{}}
	for _, mail := range mails {
		answer["data"] = append(answer["data"].([]object), object{"id": r.accept(mail)})
	}
	if len(errors) > 0 {
		answer["errors"] = errors
	}
	return encodeLine(answer), nil
}

// reserve gives the first answer to a key that is known, and takes a new one.
func (r *Resend) reserve(key string, request [sha256.Size]byte, now time.Time) ([]byte, *resendFault) {
	if key == "" {
		return nil, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.keys[key]
	switch {
	case known == nil || now.Sub(known.at) > 24*time.Hour:
	case known.request != request:
		return nil, &resendFault{409, "invalid_idempotent_request", "This idempotency key has been used with a different request payload."}
	case known.answer == nil:
		return nil, &resendFault{409, "concurrent_idempotent_requests", "The same idempotency key is used while the original request is still in progress."}
	default:
		return known.answer, nil
	}
	r.keys[key] = &answered{request: request, at: now}
	if r.keyOrder = append(r.keyOrder, key); len(r.keyOrder) > 50_000 {
		delete(r.keys, r.keyOrder[0])
		r.keyOrder = r.keyOrder[1:]
	}
	return nil, nil
}

// settle remembers the answer; a request that was refused leaves its key free.
func (r *Resend) settle(key string, answer []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.keys[key]; known != nil && answer == nil {
		delete(r.keys, key)
	} else if known != nil {
		known.answer = answer
	}
}

func (r *Resend) one(w http.ResponseWriter, id string) {
	parsed, err := uuid.Parse(id)
	s, there := r.outbox.Get(parsed)
	if err != nil || !there || s.Carrier != "resend" {
		(&resendFault{404, "not_found", "Email not found"}).write(w)
		return
	}
	_, _ = w.Write(encodeLine(object{"object": "email", "id": s.ID, "message_id": "<" + s.ID.String() + "@email.resend.example>", "to": s.To, "from": s.From,
		"created_at": s.At.UTC().Format("2006-01-02 15:04:05.000000-07"), "subject": s.Subject, "html": s.HTML, "text": s.Text,
		"bcc": []string{}, "cc": []string{}, "reply_to": append([]string{}, s.ReplyTo...), "last_event": s.Status}))
}

// resendFault is an answer in Resend's words.
type resendFault struct {
	status        int
	name, message string
}

func (f *resendFault) write(w http.ResponseWriter) {
	w.WriteHeader(f.status)
	_, _ = w.Write(encodeLine(object{"statusCode": f.status, "name": f.name, "message": f.message}))
}

// below is what comes after the last prefix of that name, or the whole path.
func below(path, prefix string) string {
	if i := strings.LastIndex(path, prefix+"/"); i >= 0 {
		return path[i+len(prefix):]
	}
	return path
}

// encodeLine is JSON as servers write it: on one line, and an address' < as itself.
func encodeLine(o object) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(o); err != nil {
		panic(fmt.Sprint("made of strings and numbers: ", err))
	}
	return b.Bytes()
}
