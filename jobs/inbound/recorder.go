package inbound

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/queries"
)

// recorder notes what a delivery changes, while it is rehearsed. It may ask the database for what writing itself has no
// need to know.
type recorder struct {
	zone    *time.Location
	changes []Change
	refunds []queries.RefundsOfRow // of the payment at hand, as they were
}

func (r *recorder) note(what, name string, before, after []field) {
	r.changes = append(r.changes, differences(what, name, before, after)...)
}

func (r *recorder) client(before, after queries.ClientForUpdateRow, isNew bool, id string) {
	r.note("client", firstOf(couple(after.Name, after.PartnerName), after.Email, id), unlessNew(isNew, clientFields(before)), clientFields(after))
}

func (r *recorder) booking(before, after queries.BookingForUpdateRow, isNew bool, id string) {
	r.note("booking", firstOf(after.Title, id), unlessNew(isNew, bookingFields(before)), bookingFields(after))
}

func unlessNew(isNew bool, fields []field) []field {
	if isNew {
		return nil
	}
	return fields
}

// invite mirrors SaveInvite: accepting is final, and what is not said stays.
func (r *recorder) invite(ctx context.Context, q *queries.Queries, said queries.SaveInviteParams) error {
	before, err := q.InviteByExternalID(ctx, queries.InviteByExternalIDParams{OrgID: said.OrgID, ConnectionID: said.ConnectionID, ExternalID: said.ExternalID})
	isNew := errors.Is(err, pgx.ErrNoRows)
	if err != nil && !isNew {
		return err
	}
	after := queries.InviteByExternalIDRow{Couple: firstOf(said.Couple, before.Couple), Email: firstOf(said.Email, before.Email), Status: said.Status}
	if before.Status == "accepted" {
		after.Status = before.Status
	}
	r.note("invite", firstOf(after.Couple, *said.ExternalID), unlessNew(isNew, inviteFields(before)), inviteFields(after))
	return nil
}

// refundsBefore is asked before anything is written: joined payments lose their rows.
func (r *recorder) refundsBefore(ctx context.Context, w *writing, into uuid.UUID, same []uuid.UUID) (err error) {
	r.refunds, err = w.q.RefundsOf(ctx, queries.RefundsOfParams{OrgID: w.orgID, PaymentIds: append(slices.Clone(same), into)})
	return err
}

func (r *recorder) payment(ctx context.Context, w *writing, rows []queries.PaymentsNamedRow, after queries.PaymentsNamedRow, payer string) error {
	name := firstOf(payer, after.Description, w.event.Payment.Names[0])
	var before []field
	if len(rows) > 0 {
		before = paymentFields(rows[0], r.zone)
	}
	r.note("payment", name, before, paymentFields(after, r.zone))
	if len(rows) > 1 {
		r.changes = append(r.changes, Change{What: "payment", Name: name, Field: "entries that turn out to be one payment", Before: len(rows), After: 1})
	}
	now, err := w.q.RefundsOf(ctx, queries.RefundsOfParams{OrgID: w.orgID, PaymentIds: []uuid.UUID{after.ID}})
	for _, refund := range now {
		r.note("refund", refund.ExternalID, r.refundBefore(refund.ExternalID), refundFields(refund))
	}
	return err
}

// refundBefore is the latest that was known of a refund; several rows may have known it.
func (r *recorder) refundBefore(id string) (fields []field) {
	for _, known := range r.refunds {
		if known.ExternalID == id {
			fields = refundFields(known)
		}
	}
	return fields
}
