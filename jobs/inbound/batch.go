package inbound

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/jobs/outbound"
	"github.com/wedsync/wedsync/queries"
)

// batch is deliveries of one lane on their way into the rows, in one transaction. What each of them came to, what it tells
// and which regions show it is gathered, and written for all of them at once.
type batch struct {
	tx       pgx.Tx
	q        *queries.Queries
	pipeline *queries.Pipeline
	rows     *queries.Queries // through the pipeline
	known    *known
	lane     Lane
	setup    queries.LaneSetupRow
	defaults Defaults
	now      time.Time
	counted  int32 // what the fates add to the attempts: 0 where the try was counted before it began

	fates   queries.SettleDeliveriesParams
	told    queries.AddActivitiesParams
	news    []outbound.Happened // what the supplier's own systems may want to hear
	notices []notify.Notice     // what people may want to hear
	days    map[string]int32
	vouched []*uuid.UUID // the secrets that were used, in order
	used    map[uuid.UUID]time.Time
	seats   []string // bookings that may want another place now, by the sender's own ids
	regions map[string]bool
	seen    *recorder // what changes, for a rehearsal; otherwise nil, and costs nothing
}

// hold begins a batch: from here to the end of the transaction nobody else applies anything of this lane. It is nil when
// the connection was removed meanwhile, and its deliveries with it.
func hold(ctx context.Context, tx pgx.Tx, lane Lane, now time.Time) (*batch, error) {
	q := queries.New(tx)
	if err := q.AllOrgsHoldLane(ctx, lane.key()); err != nil {
		return nil, fmt.Errorf("hold the lane: %w", err)
	}
	setup, err := q.LaneSetup(ctx, queries.LaneSetupParams{OrgID: lane.OrgID, ConnectionID: lane.ConnectionID})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("set up the lane: %w", err)
	}
	mapping, err := LoadMapping(ctx, q, lane.OrgID, lane.ConnectionID, int(setup.MappingVersion))
	if err != nil {
		return nil, err
	}
	b := &batch{lane: lane, setup: setup, defaults: defaults(setup, mapping), now: now, counted: 1,
		days: map[string]int32{}, used: map[uuid.UUID]time.Time{},
		regions: map[string]bool{"kpis": true, DeliveriesRegion(lane.ConnectionID): true, HealthRegion(lane.ConnectionID): true}}
	return b.on(tx), nil
}

// on puts a batch on a transaction, or on a part of one.
func (b *batch) on(tx pgx.Tx) *batch {
	b.tx, b.q, b.pipeline = tx, queries.New(tx), queries.NewPipeline(tx)
	b.rows = queries.New(b.pipeline)
	return b
}

func defaults(setup queries.LaneSetupRow, mapping *Mapping) Defaults {
	zone, err := time.LoadLocation(setup.Timezone)
	if err != nil {
		zone = time.UTC // the name was checked when the organisation gave it; only a machine without zone data gets here
	}
	d := Defaults{Zone: zone, Currency: setup.Currency, Account: setup.Account, Mapping: mapping}
	if setup.MoneyUnit != nil {
		d.Unit = *setup.MoneyUnit
	}
	return d
}

// apply reads and writes deliveries. An error leaves the transaction unusable; what a retry cannot mend is no error but a
// fate.
func (b *batch) apply(ctx context.Context, rows []queries.InLaneRow) (err error) {
	events, faults := make([]Event, len(rows)), make([]error, len(rows))
	for i, row := range rows {
		events[i], faults[i] = b.read(ctx, row)
	}
	if b.known, err = b.learn(ctx, events); err != nil {
		return err
	}
	for i, row := range rows {
		if faults[i] == nil {
			faults[i] = b.write(ctx, row, events[i])
		}
		status, reason, err := fate(faults[i])
		if err != nil {
			return fmt.Errorf("delivery %s: %w", row.ID, err)
		}
		if err := b.settled(ctx, row, events[i], status, reason); err != nil {
			return fmt.Errorf("delivery %s: %w", row.ID, err)
		}
	}
	if err := b.pipeline.Flush(ctx); err != nil {
		return err
	}
	return b.seat(ctx)
}

// seat gives bookings their places. A rehearsal takes nobody's.
func (b *batch) seat(ctx context.Context) error {
	if len(b.seats) == 0 || b.seen != nil {
		return nil
	}
	without, err := booking.Seat(ctx, b.tx, river.ClientFromContext[pgx.Tx](ctx), b.lane.OrgID, b.lane.ConnectionID, each(b.seats), b.now)
	b.seats = nil
	b.regions["calendar"] = true
	if len(without) > 0 {
		b.regions["conflicts"] = true
	}
	return err
}

// read makes an event of a delivery, or for a bell the job that looks what it rang about. A row of a sheet is in our own
// shape, whatever its connection's sender writes.
func (b *batch) read(ctx context.Context, row queries.InLaneRow) (Event, error) {
	if row.Proof == ProofDoorbell && row.Source == queries.DeliverySourceHook {
		if b.seen != nil {
			return Event{}, ignored("It is a bell: WedSync would read from Tave again what it rang about.")
		}
		return Event{}, Ring(ctx, river.ClientFromContext[pgx.Tx](ctx), b.tx,
			Bell{OrgID: b.lane.OrgID, ConnectionID: b.lane.ConnectionID, DeliveryID: row.ID, ContentType: row.ContentType, Body: row.Body})
	}
	d := b.defaults
	if row.Source == queries.DeliverySourceImport {
		d.Mapping = nil
	}
	return Read(b.setup.Provider, row.ContentType, row.Body, d)
}

// settled notes what a delivery came to.
func (b *batch) settled(ctx context.Context, row queries.InLaneRow, event Event, status queries.DeliveryStatus, reason string) error {
	day := weddingDay(event)
	if status == queries.DeliveryStatusFailed && day == "" {
		var err error
		if day, err = b.dayAffected(ctx, row); err != nil {
			return err
		}
	}
	normalised := ""
	if event.Type != "" {
		raw, err := json.Marshal(event)
		if err != nil {
			return fmt.Errorf("normalised event: %w", err)
		}
		normalised = string(raw)
	}
	b.note(row.ID, status, reason, day, normalised, time.Time{})
	if status == queries.DeliveryStatusApplied && !ours(row) {
		b.news = append(b.news, outbound.Happened{DeliveryID: row.ID, Type: string(event.Type), At: row.ReceivedAt, Data: json.RawMessage(normalised)})
	}
	b.arrived(row)
	return nil
}

// ours is what the sender did not send: no sign of life of theirs, and no news to anybody.
func ours(row queries.InLaneRow) bool {
	return row.Source == queries.DeliverySourceTest || row.Source == queries.DeliverySourceImport
}

// arrived counts a delivery, at its first try, whatever came of that.
func (b *batch) arrived(row queries.InLaneRow) {
	if row.Attempts+b.counted != 1 || ours(row) {
		return
	}
	b.days[row.ReceivedAt.UTC().Format(time.DateOnly)]++
	b.vouched = append(b.vouched, row.SecretID)
	if row.SecretID != nil && row.ReceivedAt.After(b.used[*row.SecretID]) {
		b.used[*row.SecretID] = row.ReceivedAt
	}
}

func (b *batch) note(id uuid.UUID, status queries.DeliveryStatus, reason, day, normalised string, next time.Time) {
	f := &b.fates
	f.Ids, f.Statuses, f.Errors = append(f.Ids, id), append(f.Statuses, string(status)), append(f.Errors, reason)
	f.Causes, f.WeddingDays, f.Normalised = append(f.Causes, causeOf(reason)), append(f.WeddingDays, day), append(f.Normalised, normalised)
	text := ""
	if !next.IsZero() {
		text = next.UTC().Format(time.RFC3339Nano)
	}
	f.NextTries = append(f.NextTries, text)
}

// dayAffected is the wedding day of what could not be read: as the body says it, or as the booking it names has it.
func (b *batch) dayAffected(ctx context.Context, row queries.InLaneRow) (string, error) {
	if day := guessedDay(row.ContentType, row.Body); day != "" {
		return day, nil
	}
	booking := bookingNamed(row.ContentType, row.Body)
	if booking == "" {
		return "", nil
	}
	day, err := b.q.DayOfBooking(ctx, queries.DayOfBookingParams{OrgID: b.lane.OrgID, ConnectionID: &b.lane.ConnectionID, ExternalID: &booking})
	if errors.Is(err, pgx.ErrNoRows) || err == nil && day == nil {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return day.Format(time.DateOnly), nil
}

// settle writes what was gathered; touch comes after it, last of all.
func (b *batch) settle(ctx context.Context) error {
	if len(b.fates.Ids) == 0 {
		return nil
	}
	b.fates.OrgID, b.fates.MappingVersion, b.fates.Counted, b.fates.At = b.lane.OrgID, &b.setup.MappingVersion, b.counted, b.now
	if err := b.q.SettleDeliveries(ctx, b.fates); err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	if len(b.told.Kinds) > 0 {
		b.told.OrgID, b.told.Provider = b.lane.OrgID, &b.setup.Provider
		if err := b.q.AddActivities(ctx, b.told); err != nil {
			return fmt.Errorf("tell: %w", err)
		}
		b.regions["activity"] = true
	}
	if len(b.days) > 0 {
		count := queries.CountDayParams{OrgID: b.lane.OrgID, ConnectionID: b.lane.ConnectionID}
		for _, day := range slices.Sorted(maps.Keys(b.days)) {
			count.Days, count.Arrived = append(count.Days, day), append(count.Arrived, b.days[day])
		}
		if err := b.q.CountDay(ctx, count); err != nil {
			return fmt.Errorf("count the day: %w", err)
		}
	}
	return b.roll(ctx)
}

// pass queues what the supplier's own systems want to hear. It need not wait for the disk either: a message's id follows
// from its endpoint and delivery, so one that was sent before a crash undid this comes again under the id it had, as a retry
// does.
func (b *batch) pass(ctx context.Context) error {
	messages, err := outbound.Queue(ctx, b.q, b.lane.OrgID, b.news)
	if err != nil || len(messages) == 0 {
		return err
	}
	_, err = river.ClientFromContext[pgx.Tx](ctx).InsertManyFastTx(ctx, b.tx, messages)
	return err
}

// touch shows it. It is the last statement before the commit: the row lock that it takes makes other writers wait.
func (b *batch) touch(ctx context.Context) error {
	return b.q.TouchRegions(ctx, queries.TouchRegionsParams{Audiences: []uuid.UUID{b.lane.OrgID}, Regions: slices.Sorted(maps.Keys(b.regions))})
}

// DeliveriesRegion is the live region of one connection's deliveries, HealthRegion that of how it is.
func DeliveriesRegion(connection uuid.UUID) string { return "deliveries:" + connection.String() }
func HealthRegion(connection uuid.UUID) string     { return "health:" + connection.String() }
