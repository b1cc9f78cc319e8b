package inbound

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
)

// ProofReadBack is the proof of what was fetched with the supplier's own key.
const ProofReadBack = "readback"

// OutsideQueue is for jobs that wait for other people's servers, so that none of them keeps a delivery waiting.
const OutsideQueue = "outside"

// Tave is the way to a supplier's records at VSCO Workspace, for the jobs and for the page that sets it up.
type Tave struct {
	Pool *pgxpool.Pool
	Box  *seal.Box
	Out  *outside.Door
	URL  string // empty: TaveURL
}

// ErrNoKey is said of a connection that has nothing to read back with.
var ErrNoKey = errors.New("there is no API key to read records back with; paste one on the connection's page, under “Reading back from Tave”")

// API asks with this key.
func (t *Tave) API(org, connection uuid.UUID, key string) TaveAPI {
	return TaveAPI{out: t.Out, url: firstOf(t.URL, TaveURL), key: key, org: org, connection: connection}
}

// Open asks with the key that is kept.
func (t *Tave) Open(ctx context.Context, org, connection uuid.UUID) (queries.ReadbackRow, TaveAPI, error) {
	row, err := queries.New(t.Pool).Readback(ctx, queries.ReadbackParams{OrgID: org, ConnectionID: connection})
	if errors.Is(err, pgx.ErrNoRows) {
		return row, TaveAPI{}, ErrNoKey
	}
	if err != nil {
		return row, TaveAPI{}, err
	}
	key, err := t.Box.Open(row.KeySealed, owner(org, connection))
	return row, t.API(org, connection, string(key)), err
}

// reading is one go at reading records back.
type reading struct {
	api    TaveAPI
	studio Studio
	source queries.DeliverySource
	door   *Door
	now    time.Time
}

// read opens the key, asks whose it is, and reads. A key that is refused is not tried again until it is replaced, which may
// have happened meanwhile.
func (t *Tave) read(ctx context.Context, client *river.Client[pgx.Tx], org, connection uuid.UUID, source queries.DeliverySource, do func(queries.ReadbackRow, reading) error) error {
	row, api, err := t.Open(ctx, org, connection)
	if err != nil {
		return err
	}
	r := reading{api: api, source: source, door: NewDoor(t.Pool, client), now: time.Now()}
	if r.studio, err = api.Studio(ctx); err == nil {
		err = do(row, r)
	}
	if errors.Is(err, ErrKeyRefused) {
		stop := queries.StopPollingParams{OrgID: org, ConnectionID: connection, KeySealed: row.KeySealed, Next: never, Trouble: sentence(err)}
		return errors.Join(err, queries.New(t.Pool).StopPolling(ctx, stop))
	}
	return err
}

// delivery makes a record into what the door would have taken, had Tave posted it.
func (r reading) delivery(ctx context.Context, kind string, record taveRecord) (Delivery, error) {
	parts := map[string]any{envelopeKey: "tave." + kind, kind: record.raw, "studio": r.studio}
	if kind == "job" {
		clients, err := r.api.clients(ctx, record.ID)
		if err != nil {
			return Delivery{}, err
		}
		for i, c := range clients {
			parts[[]string{"contact", "partner"}[i]] = c.raw
		}
	}
	body, err := json.Marshal(parts)
	if err != nil {
		return Delivery{}, err
	}
	return Delivery{OrgID: r.api.org, ConnectionID: r.api.connection, Provider: queries.ProviderTave, ContentType: "application/json",
		Proof: ProofReadBack, Source: r.source, Body: body, ReceivedAt: r.now,
		Peeked: versionOf(kind, record, body)}, nil
}

// versionOf names a version of a record, the same whoever comes to read it first, a bell or the clock. Tave's stamps have
// whole seconds: what was read within the second of its change may change again under the same stamp, so it goes by a name
// of its own, which sorts before the settled one. The settled one is only news if it says something else.
func versionOf(kind string, record taveRecord, body []byte) Peeked {
	doc, _ := jsonDocument(body)
	id, hash := kind+"/"+record.ID, hashOf(canonical(doc, body))[:19]
	early := id + "-early@" + record.Modified + "#" + hash
	p := Peeked{EventID: settledName(kind, record), Also: early, EventType: "tave." + kind}
	switch {
	case record.modified().IsZero():
		p.EventID, p.Also = id+"@"+hash, ""
	case record.early:
		p.EventID, p.Also = early, ""
	}
	return p
}

func settledName(kind string, record taveRecord) string {
	return kind + "/" + record.ID + "@" + record.Modified
}

// one reads a record, and whatever its kind implies. An id of unknown kind is tried as each.
func (r reading) one(ctx context.Context, kind, id string) ([]Delivery, error) {
	for _, k := range rungKinds {
		if kind != "" && kind != k.kind {
			continue
		}
		record, err := r.api.record(ctx, k.kind, id)
		if errors.Is(err, errNoRecord) || kind == "" && isBadRequest(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return r.withItsJob(ctx, k.kind, record)
	}
	return nil, errNoRecord
}

// withItsJob: an order is booked together with its job, which then says more than the order.
func (r reading) withItsJob(ctx context.Context, kind string, record taveRecord) ([]Delivery, error) {
	first, err := r.delivery(ctx, kind, record)
	if err != nil || kind != "order" {
		return []Delivery{first}, err
	}
	job, err := r.api.record(ctx, "job", record.part().said("jobId"))
	if errors.Is(err, errNoRecord) {
		return []Delivery{first}, nil
	}
	if err != nil {
		return nil, err
	}
	second, err := r.delivery(ctx, "job", job)
	return []Delivery{first, second}, err
}

func isBadRequest(err error) bool {
	refused, is := errors.AsType[*outside.Refused](err)
	return is && refused.Status == http.StatusBadRequest
}

// atOnce is how many are made durable together: what a later failure cannot take back.
const atOnce = 20

// store keeps what is not there yet, in the order given, which is from the oldest on.
func (r reading) store(ctx context.Context, kind string, records []taveRecord) error {
	for len(records) > 0 {
		some := records[:min(atOnce, len(records))]
		records = records[len(some):]
		known, err := r.known(ctx, kind, some)
		if err != nil {
			return err
		}
		var fresh []Delivery
		for _, record := range some {
			if known[settledName(kind, record)] || !ulid.MatchString(record.ID) {
				continue
			}
			d, err := r.delivery(ctx, kind, record)
			if err != nil {
				_, kept := r.door.Accept(ctx, fresh)
				return errors.Join(err, kept)
			}
			fresh = append(fresh, d)
		}
		if _, err := r.door.Accept(ctx, fresh); err != nil {
			return err
		}
	}
	return nil
}

func (r reading) known(ctx context.Context, kind string, records []taveRecord) (map[string]bool, error) {
	var names []string
	for _, record := range records {
		names = append(names, settledName(kind, record))
	}
	rows, err := queries.New(r.door.Pool).EventsKnown(ctx, queries.EventsKnownParams{OrgID: r.api.org, ConnectionID: r.api.connection, EventIds: names})
	known := map[string]bool{}
	for _, name := range rows {
		known[name] = true
	}
	return known, err
}
