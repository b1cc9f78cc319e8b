package queries

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// What a batch of deliveries is about is looked up by a hundred keys at once. Joined in the plain way, a planner whose
// statistics are those of a younger table, or of smaller suppliers, reads all of one supplier's rows for every batch: at
// fifty thousand bookings that took longer than everything else. A lateral with a limit leaves it no choice but a look
// into the unique index for each key. Written by hand because sqlc takes what comes out of a lateral for never null.

// ClientForUpdateParams are one connection's clients.
type ClientForUpdateParams struct {
	OrgID        uuid.UUID
	ConnectionID uuid.UUID
	ExternalIds  []string
}

// ClientForUpdateRow is a client as it stands.
type ClientForUpdateRow struct {
	ExternalID  string
	ID          uuid.UUID
	Name        string
	PartnerName string
	Email       string
	Phone       string
	Deleted     bool
	Stamps      Stamps
}

// ClientForUpdate gives those that are there. Index: the unique key of clients.
func (q *Queries) ClientForUpdate(ctx context.Context, arg ClientForUpdateParams) ([]ClientForUpdateRow, error) {
	return known[ClientForUpdateRow](ctx, q, "clients", `
		SELECT said.id, c.* FROM unnest($3::text[]) AS said(id) CROSS JOIN LATERAL (
		    SELECT c.id AS row_id, c.name, c.partner_name, c.email, c.phone, c.deleted, c.stamps
		    FROM clients c WHERE c.org_id = $1 AND c.connection_id = $2 AND c.external_id = said.id LIMIT 1) c`,
		arg.OrgID, arg.ConnectionID, arg.ExternalIds)
}

// BookingForUpdateParams are one connection's bookings.
type BookingForUpdateParams struct {
	OrgID        uuid.UUID
	ConnectionID uuid.UUID
	ExternalIds  []string
}

// BookingForUpdateRow is a booking as it stands; its times are on the venue's wall.
type BookingForUpdateRow struct {
	ExternalID       string
	ID               uuid.UUID
	ClientExternalID *string
	Title            string
	StartsLocal      *time.Time
	EndsLocal        *time.Time
	Timezone         string
	Venue            string
	Resource         string
	Status           BookingStatus
	ValueMinor       *int64
	ValueCurrency    string
	Stamps           Stamps
}

// BookingForUpdate gives those that are there. Index: the unique key of bookings.
func (q *Queries) BookingForUpdate(ctx context.Context, arg BookingForUpdateParams) ([]BookingForUpdateRow, error) {
	return known[BookingForUpdateRow](ctx, q, "bookings", `
		SELECT said.id, b.* FROM unnest($3::text[]) AS said(id) CROSS JOIN LATERAL (
		    SELECT b.id AS row_id, b.client_external_id, b.title, b.starts_local, b.ends_local, b.timezone, b.venue, b.resource, b.status,
		           b.value_minor, b.value_currency, b.stamps
		    FROM bookings b WHERE b.org_id = $1 AND b.connection_id = $2 AND b.external_id = said.id LIMIT 1) b`,
		arg.OrgID, arg.ConnectionID, arg.ExternalIds)
}

// PaymentsNamedParams are names under which one connection's payments may go.
type PaymentsNamedParams struct {
	OrgID        uuid.UUID
	ConnectionID uuid.UUID
	Names        []string
}

// PaymentsNamedRow is a payment as it stands, and by which of the names asked for it goes.
type PaymentsNamedRow struct {
	Names             []string
	ID                uuid.UUID
	Status            PaymentStatus
	AmountMinor       int64
	Currency          string
	RefundTotalMinor  int64
	BookingExternalID string
	PayerName         string
	PayerEmail        string
	Description       string
	Failure           string
	PaidAt            *time.Time
	Stamps            Stamps
	CreatedAt         time.Time
	RefundedMinor     int64
	HasRefunds        bool
}

// PaymentsNamed gives every payment that goes by one of these names already. Primary keys of payment_names, payments and
// payment_refunds.
func (q *Queries) PaymentsNamed(ctx context.Context, arg PaymentsNamedParams) ([]PaymentsNamedRow, error) {
	return known[PaymentsNamedRow](ctx, q, "payments", `
		WITH named AS (
		    SELECT n.payment_id, array_agg(said.name) AS names
		    FROM unnest($3::text[]) AS said(name) CROSS JOIN LATERAL (
		        SELECT n.payment_id FROM payment_names n WHERE n.org_id = $1 AND n.connection_id = $2 AND n.name = said.name LIMIT 1) n
		    GROUP BY n.payment_id
		)
		SELECT n.names, p.* FROM named n CROSS JOIN LATERAL (
		    SELECT p.id, p.status, p.amount_minor, p.currency, p.refund_total_minor, p.booking_external_id, p.payer_name, p.payer_email,
		           p.description, p.failure, p.paid_at, p.stamps, p.created_at, p.refunded_minor,
		           EXISTS (SELECT 1 FROM payment_refunds r WHERE r.org_id = $1 AND r.payment_id = p.id) AS has_refunds
		    FROM payments p WHERE p.org_id = $1 AND p.id = n.payment_id LIMIT 1) p`,
		arg.OrgID, arg.ConnectionID, arg.Names)
}

func known[T any](ctx context.Context, q *Queries, what, sql string, args ...any) ([]T, error) {
	rows, err := q.db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("known %s: %w", what, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	if err != nil {
		return nil, fmt.Errorf("known %s: %w", what, err)
	}
	return found, nil
}
