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

	"github.com/wedsync/wedsync/queries"
)

// batch is deliveries of one lane on their way into the rows, in one transaction. What each of them came to, what it tells
// and which regions show it is gathered, and written for all of them at once.
type batch struct {
	q        *queries.Queries
	lane     Lane
	setup    queries.LaneSetupRow
	defaults Defaults
	now      time.Time
	counted  int32 // what the fates add to the attempts: 0 where the try was counted before it began

	fates   queries.SettleDeliveriesParams
	told    queries.AddActivitiesParams
	days    map[string]int32
	vouched []*uuid.UUID // the secrets that were used, in order
	used    map[uuid.UUID]time.Time
	regions map[string]bool
	seen    *recorder // what changes, for a rehearsal; otherwise nil, and costs nothing
}

// hold begins a batch: from here to the end of the transaction nobody else applies anything of this lane. It is nil when
// the connection was removed meanwhile, and its deliveries with it.
func hold(ctx context.Context, q *queries.Queries, lane Lane, now time.Time) (*batch, error) {
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
	return &batch{q: q, lane: lane, setup: setup, defaults: defaults(setup), now: now, counted: 1,
		days: map[string]int32{}, used: map[uuid.UUID]time.Time{},
		regions: map[string]bool{"kpis": true, DeliveriesRegion(lane.ConnectionID): true, HealthRegion(lane.ConnectionID): true}}, nil
}

func defaults(setup queries.LaneSetupRow) Defaults {
	zone, err := time.LoadLocation(setup.Timezone)
	if err != nil {
		zone = time.UTC // the name was checked when the organisation gave it; only a machine without zone data gets here
	}
	d := Defaults{Zone: zone, Currency: setup.Currency, Account: setup.Account}
	if setup.MoneyUnit != nil {
		d.Unit = *setup.MoneyUnit
	}
	return d
}

// apply reads and writes each delivery. An error is of one delivery and leaves the transaction unusable; what a retry
// cannot mend is no error but a fate.
func (b *batch) apply(ctx context.Context, rows []queries.InLaneRow) error {
	for _, row := range rows {
		event, err := Read(b.setup.Provider, row.ContentType, row.Body, b.defaults)
		if err == nil {
			err = b.write(ctx, row, event)
		}
		status, reason, err := fate(err)
		if err != nil {
			return fmt.Errorf("delivery %s: %w", row.ID, err)
		}
		if err := b.settled(ctx, row, event, status, reason); err != nil {
			return fmt.Errorf("delivery %s: %w", row.ID, err)
		}
	}
	return nil
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
	if row.Attempts+b.counted == 1 {
		b.days[row.ReceivedAt.UTC().Format(time.DateOnly)]++
		b.vouched = append(b.vouched, row.SecretID)
		if row.SecretID != nil && row.ReceivedAt.After(b.used[*row.SecretID]) {
			b.used[*row.SecretID] = row.ReceivedAt
		}
	}
	return nil
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

// touch shows it. It is the last statement before the commit: the row lock that it takes makes other writers wait.
func (b *batch) touch(ctx context.Context) error {
	return b.q.TouchRegions(ctx, queries.TouchRegionsParams{Audiences: []uuid.UUID{b.lane.OrgID}, Regions: slices.Sorted(maps.Keys(b.regions))})
}

// DeliveriesRegion is the live region of one connection's deliveries, HealthRegion that of how it is.
func DeliveriesRegion(connection uuid.UUID) string { return "deliveries:" + connection.String() }
func HealthRegion(connection uuid.UUID) string     { return "health:" + connection.String() }
