package inbound

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/wedsync/wedsync/queries"
)

const maxEventType = 100

// Peeked is what the door needs to know of a delivery before anybody has read it: the key against doubles, and a word
// for the list. Also is a second key under which the same delivery may be there already.
type Peeked struct{ EventID, Also, EventType string }

// Peek never fails: what it cannot make out is still kept, under the hash of what it says.
func Peek(provider queries.Provider, h http.Header, body []byte, receivedAt time.Time) Peeked {
	doc, err := document(h.Get("Content-Type"), body)
	if err != nil {
		doc = nil
	}
	eventType := peekType(provider, doc)
	if id := peekID(provider, h, doc); id != "" {
		return Peeked{EventID: bounded(id), EventType: eventType}
	}
	// Senders without ids repeat themselves within minutes, and say the same thing again for good reason within days
	// (a second deposit of the same size), so a body is itself only for a day. The date in the key is that day;
	// the database asks for the day before as well and then compares the hour.
	sum := hashOf(canonical(doc, body))
	day := receivedAt.UTC()
	return Peeked{
		EventID:   sum + day.Format("@2006-01-02"),
		Also:      sum + day.AddDate(0, 0, -1).Format("@2006-01-02"),
		EventType: eventType,
	}
}

func peekID(provider queries.Provider, h http.Header, doc map[string]any) string {
	if provider == queries.ProviderStripe {
		return topLevelID(doc)
	}
	for _, name := range []string{"Webhook-Id", "Idempotency-Key"} {
		if id := strings.TrimSpace(h.Get(name)); id != "" {
			return id
		}
	}
	// In a flat body "id" is as likely the project's (providers.md §2.2), and the project's payment would then be taken
	// for its booking come twice. Only our own shape says that its id is the event's.
	if isOurShape(doc) {
		return topLevelID(doc)
	}
	return ""
}

func topLevelID(doc map[string]any) string {
	switch id := doc["id"].(type) {
	case string:
		return strings.TrimSpace(id)
	case json.Number:
		return id.String()
	case formText:
		return strings.TrimSpace(string(id))
	}
	return ""
}

func peekType(provider queries.Provider, doc map[string]any) string {
	names := []string{"type"}
	if provider != queries.ProviderStripe && !isOurShape(doc) {
		names = TemplateOf(provider).kind
	}
	for _, name := range names {
		text := part{fields: doc, fault: new(error)}.said(name)
		if text != "" && len(text) <= maxEventType && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
			return text
		}
	}
	return ""
}

// bounded keeps an id as it is when Postgres and a person can hold it, else stands a hash in its place.
func bounded(id string) string {
	if plainID(id) {
		return id
	}
	return "id-" + hashOf([]byte(id))
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// canonical is the same for two bodies that differ only in the order of fields and in blanks, as a no-code sender's
// retries do. Bytes that the reader would have to mend are hashed as they are.
func canonical(doc map[string]any, body []byte) []byte {
	if doc == nil || !utf8.Valid(body) {
		return body
	}
	text, err := json.Marshal(doc) // sorts the names, and writes numbers as they came
	if err != nil {
		return body
	}
	return bytes.TrimSpace(text)
}
