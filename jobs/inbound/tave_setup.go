package inbound

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
)

// TryKey says whose account a key opens. A person who pastes one does not wait for the breaker that an earlier one left.
func (t *Tave) TryKey(ctx context.Context, org, connection uuid.UUID, key string) (Studio, error) {
	if err := queries.New(t.Pool).ForgetBreaker(ctx, queries.ForgetBreakerParams{OrgID: org, Peer: tavePeer(connection)}); err != nil {
		return Studio{}, err
	}
	return t.API(org, connection, key).Studio(ctx)
}

// KeepKey seals an API key that was found good, and has everything read with it at once.
func (t *Tave) KeepKey(ctx context.Context, client *river.Client[pgx.Tx], org, connection uuid.UUID, by *uuid.UUID, key string) error {
	sealed, err := t.Box.Seal([]byte(key), owner(org, connection))
	if err != nil {
		return fmt.Errorf("keep an API key: %w", err)
	}
	return t.change(ctx, org, connection, by, "connection.readback.key", "", func(tx pgx.Tx, q *queries.Queries) error {
		if err := q.SaveReadbackKey(ctx, queries.SaveReadbackKeyParams{OrgID: org, ConnectionID: connection, KeySealed: sealed}); err != nil {
			return err
		}
		_, err := client.InsertTx(ctx, tx, TavePollArgs{OrgID: org, ConnectionID: connection}, nil)
		return err
	})
}

// DropKey forgets the key. A bare bell is not let in any more either.
func (t *Tave) DropKey(ctx context.Context, org, connection uuid.UUID, by *uuid.UUID) error {
	return t.change(ctx, org, connection, by, "connection.readback.key", "removed", func(_ pgx.Tx, q *queries.Queries) error {
		return q.DropReadback(ctx, queries.DropReadbackParams{OrgID: org, ConnectionID: connection})
	})
}

// LetRing decides whether the bare hook may ring. Without a key to read back with it may not: pgx.ErrNoRows.
func (t *Tave) LetRing(ctx context.Context, org, connection uuid.UUID, by *uuid.UUID, may bool) error {
	proof := queries.SenderProofSigned
	if may {
		proof = queries.SenderProofDoorbell
	}
	return t.change(ctx, org, connection, by, "connection.proof", string(proof), func(_ pgx.Tx, q *queries.Queries) error {
		changed, err := q.SetBell(ctx, queries.SetBellParams{OrgID: org, ID: connection, May: may})
		if err == nil && changed == 0 {
			return pgx.ErrNoRows
		}
		return err
	})
}

// SetUnit says what Tave's numbers mean, and has every amount that was read so far read again.
func (t *Tave) SetUnit(ctx context.Context, client *river.Client[pgx.Tx], org, connection uuid.UUID, by *uuid.UUID, unit queries.MoneyUnit) error {
	return t.change(ctx, org, connection, by, "connection.unit", string(unit), func(tx pgx.Tx, q *queries.Queries) error {
		// Whoever applies this connection's deliveries right now does it in the old unit, so they finish first.
		lane := Lane{org, connection}
		if err := q.AllOrgsHoldLane(ctx, lane.key()); err != nil {
			return err
		}
		before, err := q.MoneyUnitForUpdate(ctx, queries.MoneyUnitForUpdateParams{OrgID: org, ID: connection})
		if err != nil || before != nil && *before == unit {
			return err
		}
		if err := q.SetMoneyUnit(ctx, queries.SetMoneyUnitParams{OrgID: org, ID: connection, MoneyUnit: &unit}); err != nil {
			return err
		}
		// Deliveries before bookings, as whoever applies them locks them.
		again, err := q.ReopenReadBack(ctx, queries.ReopenReadBackParams{OrgID: org, ConnectionID: connection})
		if err != nil {
			return err
		}
		if before != nil {
			if err := q.ForgetAmounts(ctx, queries.ForgetAmountsParams{OrgID: &org, ConnectionID: &connection}); err != nil {
				return err
			}
		}
		if len(again) == 0 {
			return nil
		}
		return Enter(ctx, tx, client, []Lane{lane})
	})
}

// ReadAll follows everything from the beginning.
func (t *Tave) ReadAll(ctx context.Context, client *river.Client[pgx.Tx], org, connection uuid.UUID, by *uuid.UUID) error {
	return t.change(ctx, org, connection, by, "connection.readback.all", "", func(tx pgx.Tx, q *queries.Queries) error {
		if err := q.ForgetBreaker(ctx, queries.ForgetBreakerParams{OrgID: org, Peer: tavePeer(connection)}); err != nil {
			return err
		}
		found, err := q.PollAll(ctx, queries.PollAllParams{OrgID: org, ConnectionID: connection, Next: time.Now().Add(PollEvery)})
		if err == nil && found == 0 {
			return pgx.ErrNoRows
		}
		if err != nil {
			return err
		}
		_, err = client.InsertTx(ctx, tx, TavePollArgs{OrgID: org, ConnectionID: connection}, nil)
		return err
	})
}

// change does something together with its line in the audit log.
func (t *Tave) change(ctx context.Context, org, connection uuid.UUID, by *uuid.UUID, action, detail string, do func(pgx.Tx, *queries.Queries) error) error {
	return pgx.BeginFunc(ctx, t.Pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		if err := do(tx, q); err != nil {
			return err
		}
		return q.Audit(ctx, queries.AuditParams{OrgID: org, UserID: by, Action: action, Subject: connection.String(), Detail: detail})
	})
}
