package calendar

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/queries"
)

// Reword keeps an organisation's own words, and queues what they change outside.
func (s *Sync) Reword(ctx context.Context, org, by uuid.UUID, title, body string) error {
	return pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		if err := q.SetCopyWords(ctx, queries.SetCopyWordsParams{ID: org, CopyTitle: title, CopyBody: body}); err != nil {
			return err
		}
		if err := s.copyAll(ctx, tx, org); err != nil {
			return err
		}
		return q.Audit(ctx, queries.AuditParams{OrgID: org, UserID: &by, Action: "calendars.wording"})
	})
}

// Copy is a booking as outside calendars have it, and as the supplier's feed shows it: what it holds may leave the house.
func Copy(b queries.BookingToCopyRow) ical.Event { return draft(b) }

// contact is how to reach the supplier's own client.
func contact(phone, email string) string {
	all := []string{strings.TrimSpace(phone), strings.TrimSpace(email)}
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), ", ")
}

// times are on the clocks at the venue. The day stands with the event itself, unless there are two of them.
func times(starts, ends time.Time) string {
	if starts.Format(time.DateOnly) == ends.Format(time.DateOnly) {
		return starts.Format("15:04") + "–" + ends.Format("15:04")
	}
	return starts.Format("Mon 2 January, 15:04") + " – " + ends.Format("Mon 2 January, 15:04")
}
