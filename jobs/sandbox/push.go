package sandbox

import (
	"cmp"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// PushService is a push service with pretend devices: RFC 8030 outside, with Mozilla's answers, and the browser's half of
// RFC 8291 inside. It shares nothing with the code that encrypts, so it checks it.
type PushService struct {
	Base *url.URL // endpoints are /sandbox/push/… below it

	mood
	outbox *Outbox

	mu   sync.Mutex
	gone map[string]bool
	keys map[string]string // by device: the sender's key that it was first reached with
}

// Device is a browser that said yes. Its keys follow from its name, so it is the same one after a restart.
type Device struct {
	ID, Label, Endpoint string
	P256dh, Auth        []byte

	private *ecdh.PrivateKey
}

func newPushService(o *Outbox) *PushService {
	return &PushService{outbox: o, gone: map[string]bool{}, keys: map[string]string{}}
}

// NewDevice is the pretend device of that name: the words that its owner would know it by, "Ada's phone".
func (p *PushService) NewDevice(label string) Device {
	d := deviceOf(base64.RawURLEncoding.EncodeToString([]byte(label)) + "." + deviceSeal(label))
	d.Endpoint = "/sandbox/push/" + d.ID
	if p.Base != nil {
		d.Endpoint = p.Base.JoinPath(d.Endpoint).String()
	}
	return d
}

// deviceOf makes the device anew from its id.
func deviceOf(id string) Device {
	name, seal, _ := strings.Cut(id, ".")
	label, err := base64.RawURLEncoding.DecodeString(name)
	if err != nil || len(label) == 0 || deviceSeal(string(label)) != seal {
		return Device{}
	}
	d := Device{ID: id, Label: string(label), Auth: derived("auth", id)[:16]}
	for seed := id; d.private == nil; seed += "'" { // one hash in 2³² is no key of this curve
		d.private, _ = ecdh.P256().NewPrivateKey(derived("key", seed))
	}
	d.P256dh = d.private.PublicKey().Bytes()
	return d
}

func deviceSeal(label string) string { return hex.EncodeToString(derived("seal", label)[:8]) }

func derived(what, from string) []byte {
	m := hmac.New(sha256.New, []byte("a pretend device's "+what))
	m.Write([]byte(from))
	return m.Sum(nil)
}

// ServeHTTP takes a push for the device that the path's last part names.
func (p *PushService) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if fault := p.refuses(w, req); fault != nil {
		fault.write(w)
		return
	}
	device := deviceOf(req.URL.Path[strings.LastIndexByte(req.URL.Path, '/')+1:])
	if device.ID == "" {
		(&pushFault{404, 102, "Not Found", "Invalid endpoint."}).write(w)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, 4096))
	if err != nil {
		(&pushFault{413, 104, "Payload Too Large", "This message is intended for a constrained device and is limited in size."}).write(w)
		return
	}
	fault := cmp.Or(termsFault(req.Header), p.vapidFault(req.Header.Get("Authorization"), device, time.Now()), headerFault(body))
	if fault != nil {
		fault.write(w)
		return
	}
	p.dawdle(req.Context())
	s := p.show(device, req.Header, body)
	p.outbox.take(s)
	p.hangUp()
	w.Header().Set("Location", p.messages(s.ID))
	w.Header().Set("TTL", req.Header.Get("TTL"))
	w.WriteHeader(http.StatusCreated)
}

func (p *PushService) messages(id uuid.UUID) string {
	if p.Base == nil {
		return "/sandbox/push/m/" + id.String()
	}
	return p.Base.JoinPath("/sandbox/push/m", id.String()).String()
}

// refuses is what stands before any push: troubles, and devices that have gone.
func (p *PushService) refuses(w http.ResponseWriter, req *http.Request) *pushFault {
	switch p.is() {
	case Down:
		return &pushFault{503, 201, "Service Unavailable", "Use exponential back-off for retries."}
	case Busy:
		w.Header().Set("Retry-After", "2")
		return &pushFault{429, 202, "Too Many Requests", "Wait before the next one."}
	case KeyRefused:
		return &pushFault{401, 109, "Unauthorized", "Invalid authentication."}
	}
	if req.Method != http.MethodPost {
		return &pushFault{405, 0, "Method Not Allowed", "A message is posted."}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone[req.URL.Path[strings.LastIndexByte(req.URL.Path, '/')+1:]] {
		return &pushFault{410, 106, "Gone", "The subscription has expired."}
	}
	return nil
}

var topic = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// termsFault is about what RFC 8030 and RFC 8188 put into the head of a request.
func termsFault(h http.Header) *pushFault {
	ttl, err := strconv.Atoi(h.Get("TTL"))
	switch {
	case h.Get("TTL") == "":
		return &pushFault{400, 111, "Bad Request", "Missing TTL header."}
	case err != nil || ttl < 0 || ttl > 2_592_000:
		return &pushFault{400, 112, "Bad Request", "Invalid TTL header value."}
	case h.Get("Content-Encoding") != "aes128gcm":
		return &pushFault{400, 110, "Bad Request", "Unknown Content-Encoding."}
	case len(h.Values("Topic")) > 0 && !topic.MatchString(h.Get("Topic")):
		return &pushFault{400, 113, "Bad Request", "Invalid Topic."}
	case len(h.Values("Urgency")) > 0 && !slices.Contains([]string{"very-low", "low", "normal", "high"}, h.Get("Urgency")):
		return &pushFault{400, 111, "Bad Request", "Invalid Urgency."}
	}
	return nil
}

// show opens a push as the device would. One that it cannot open is dropped by a real device without a word; here it is shown as that.
func (p *PushService) show(device Device, h http.Header, body []byte) Sent {
	s := Sent{ID: uuid.New(), Channel: Push, Carrier: "push", At: time.Now(), To: []string{device.Label}, Status: "taken",
		Terms: "kept for " + h.Get("TTL") + " s, urgency " + cmp.Or(h.Get("Urgency"), "normal")}
	if h.Get("Topic") != "" {
		s.Terms += ", replaces topic " + h.Get("Topic")
	}
	plain, err := device.open(body)
	if err != nil {
		s.Fault = "The device could not open it: " + err.Error()
		return s
	}
	var note struct {
		Title string `json:"title"`
		Body  string `json:"body"`
		URL   string `json:"url"`
	}
	s.From, s.Subject = "WedSync", string(plain) // what the service worker cannot read it shows as it is
	if json.Unmarshal(plain, &note) == nil && note.Title != "" {
		s.Subject, s.Text, s.Link = note.Title, note.Body, note.URL
	}
	return s
}

// Gone makes a device refuse everything, as one whose owner has removed the site; false brings it back.
func (p *PushService) Gone(label string, gone bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone[p.NewDevice(label).ID] = gone
}

// Forget brings back every device, and lets go of the keys that they know.
func (p *PushService) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.gone)
	clear(p.keys)
}

// Missing is how many devices have gone.
func (p *PushService) Missing() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, gone := range p.gone {
		if gone {
			n++
		}
	}
	return n
}

// pushFault is an answer in the words of Mozilla's push service.
type pushFault struct {
	status, errno  int
	error, message string
}

func (f *pushFault) write(w http.ResponseWriter) {
	w.WriteHeader(f.status)
	_, _ = w.Write(encodeLine(object{"code": f.status, "errno": f.errno, "error": f.error, "message": f.message,
		"more_info": "https://autopush.readthedocs.io/en/latest/http.html#error-codes"}))
}
