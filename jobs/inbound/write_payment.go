package inbound

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
)

// payment saves the one payment that all of the event's names mean. Two events of one payment that share any name end in
// one row; rows that were made apart, before the event that ties them came, are joined.
func (w *writing) payment(ctx context.Context) (string, error) {
	p := w.event.Payment
	if p == nil {
		return "", nil
	}
	rows := w.known.paymentsNamed(p.Names)
	said := *p
	if said.Status == queries.PaymentStatusCompleted && said.PaidAt.IsZero() {
		said.PaidAt = w.now // a sender that does not say when pays when it tells
	}
	after, same := FoldPayment(rows, said, w.stamp)
	if len(rows) == 0 {
		after.ID, after.CreatedAt = uuid.Must(uuid.NewV7()), w.now
	}
	if w.seen != nil {
		if err := w.seen.refundsBefore(ctx, w, after.ID, same); err != nil {
			return "", err
		}
	}
	if err := w.savePayment(ctx, after, same); err != nil {
		return "", err
	}
	if err := w.saveRefunds(ctx, after.ID, p.Refunds); err != nil {
		return "", err
	}
	after.HasRefunds = len(p.Refunds) > 0 || slices.ContainsFunc(rows, func(r queries.PaymentsNamedRow) bool { return r.HasRefunds })
	after.RefundedMinor = 0
	if after.HasRefunds || after.RefundTotalMinor > 0 {
		var err error
		if after.RefundedMinor, err = w.q.RecountRefunds(ctx, queries.RecountRefundsParams{OrgID: w.orgID, PaymentID: after.ID}); err != nil {
			return "", err
		}
	}
	w.known.pay(after, p.Names, same)
	payer := w.payerName(after)
	w.tellPayment(rows, after, payer)
	if w.seen != nil {
		return "payments", w.seen.payment(ctx, w, rows, after, payer)
	}
	return "payments", nil
}

func (w *writing) savePayment(ctx context.Context, row queries.PaymentsNamedRow, same []uuid.UUID) error {
	err := w.q.SavePayment(ctx, queries.SavePaymentParams{
		OrgID: w.orgID, ID: row.ID, ConnectionID: &w.connection, Status: row.Status, AmountMinor: row.AmountMinor, Currency: row.Currency,
		RefundTotalMinor: row.RefundTotalMinor, BookingExternalID: row.BookingExternalID, PayerName: row.PayerName, PayerEmail: row.PayerEmail,
		Description: row.Description, Failure: row.Failure, PaidAt: row.PaidAt, Stamps: row.Stamps,
	})
	if err != nil {
		return err
	}
	if len(same) > 0 {
		if err := w.join(ctx, row.ID, same); err != nil {
			return err
		}
	}
	return w.q.NamePayment(ctx, queries.NamePaymentParams{OrgID: w.orgID, ConnectionID: w.connection, PaymentID: row.ID, Names: w.event.Payment.Names})
}

func (w *writing) join(ctx context.Context, into uuid.UUID, same []uuid.UUID) error {
	if err := w.q.MoveRefunds(ctx, queries.MoveRefundsParams{OrgID: w.orgID, IntoID: into, FromIds: same}); err != nil {
		return err
	}
	if err := w.q.MoveNames(ctx, queries.MoveNamesParams{OrgID: w.orgID, IntoID: into, FromIds: same}); err != nil {
		return err
	}
	return w.q.DropMergedPayments(ctx, queries.DropMergedPaymentsParams{OrgID: w.orgID, FromIds: same})
}

func (w *writing) saveRefunds(ctx context.Context, payment uuid.UUID, refunds []Refund) error {
	for _, r := range refunds {
		err := w.q.SaveRefund(ctx, queries.SaveRefundParams{OrgID: w.orgID, PaymentID: payment, ExternalID: r.ExternalID,
			Status: r.Status, AmountMinor: r.Amount.Minor, Currency: r.Amount.Currency, Stamp: w.stamp})
		if err != nil {
			return err
		}
	}
	return nil
}
