package inbound

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
)

// ProofDoorbell is the proof of a delivery that nobody vouched for. It is never read as news, only as a reason to look.
const ProofDoorbell = "doorbell"

// ulid is how Tave writes an id (schema). Nothing else may get into an address that we ask.
var ulid = regexp.MustCompile(`^[0-7][0-9a-hjkmnp-tv-z]{25}$`)

// Rung finds which record a bell is about. The vendor says of its hooks that "only the targetId will be provided" (text of
// the Rest Hooks section of its API), so the kind is usually unknown: then kind is empty and whoever reads the record back
// has to try. What else may ring (a web request of an automation, a Zap) may name the event and other ids.
func Rung(body []byte, contentType string) (kind, id string, ok bool) {
	doc, err := document(contentType, body)
	if err != nil {
		return "", "", false
	}
	p := newPart("", doc, false)
	kind = rungKind(p)
	for _, at := range append([]part{p}, inner(p)...) {
		if id := rungID(at, kind); id != "" {
			return kind, id, true
		}
	}
	// Without an event, an id under a kind's own name says the kind. Two of them (a payment's and its job's) say nothing.
	found := map[string]string{}
	for _, k := range rungKinds {
		if id := ulidIn(p, k.own); id != "" && kind == "" {
			found[k.kind] = id
		}
	}
	if len(found) == 1 {
		for kind, id = range found {
			return kind, id, true
		}
	}
	return "", "", false
}

// rungKinds are the kinds of records, in the order in which an id of unknown kind is tried.
var rungKinds = []struct{ kind, own string }{{"job", "jobId"}, {"payment", "paymentId"}, {"order", "orderId"}, {"contact", "contactId"}}

// rungKind is the event's, where one is named: payment.created, "Order Booked".
func rungKind(p part) string {
	about, _, _ := strings.Cut(word(p.first(append(slices.Clone(kinds), "eventName", "action"))), " ")
	for _, k := range rungKinds {
		if about == k.kind {
			return k.kind
		}
	}
	return ""
}

func rungID(p part, kind string) string {
	own := []string{"targetId", "target_id"}
	for _, k := range rungKinds {
		if k.kind == kind {
			own = append(own, k.own, strings.TrimSuffix(k.own, "Id")+"_id", "id")
		}
	}
	if kind == "" {
		own = append(own, "id")
	}
	return ulidIn(p, own...)
}

// inner are the objects that senders wrap a record in.
func inner(p part) (all []part) {
	for _, name := range []string{"data", "payload", "object", "resource", "record", "job", "payment", "order", "contact"} {
		if sub, said := p.sub(name); said {
			all = append(all, sub)
		}
	}
	return all
}

func ulidIn(p part, names ...string) string {
	for _, name := range names {
		if id := strings.ToLower(p.said(name)); ulid.MatchString(id) {
			return id
		}
	}
	return ""
}

// Bell is a delivery with the proof "doorbell".
type Bell struct {
	OrgID, ConnectionID, DeliveryID uuid.UUID
	ContentType                     string
	Body                            []byte
}

// Ring is what a bell comes to instead of being read: a job, in the transaction that settles the bell for now. Like a
// reader it answers with an Ignored, the words that the bell has until the job settles it for good.
func Ring(ctx context.Context, client *river.Client[pgx.Tx], tx pgx.Tx, b Bell) error {
	kind, id, named := Rung(b.Body, b.ContentType)
	var job river.JobArgs = TaveReadArgs{OrgID: b.OrgID, ConnectionID: b.ConnectionID, DeliveryID: b.DeliveryID, Record: kind, ID: id}
	reason := ignored("Tave rang about %s; WedSync is reading it from Tave now.", recordWords(kind, id))
	if !named {
		job = TavePollArgs{OrgID: b.OrgID, ConnectionID: b.ConnectionID}
		reason = ignored("Tave rang without naming a record, so WedSync asks Tave for everything that has changed.")
	}
	if _, err := client.InsertTx(ctx, tx, job, nil); err != nil {
		return err
	}
	return reason
}

func recordWords(kind, id string) string {
	if kind == "" {
		kind = "record"
	}
	return kind + " " + id
}
