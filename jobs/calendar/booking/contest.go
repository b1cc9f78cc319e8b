package booking

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/mail"
)

// contest are bookings that are promised and have no place.
type contest struct{ p queries.OpenContestParams }

func (c *contest) add(id uuid.UUID, by Reason, from, until time.Time, title string) {
	p := &c.p
	p.BookingIds, p.OtherIds = append(p.BookingIds, id), append(p.OtherIds, by.BookingID)
	p.StartsAts, p.EndsAts = append(p.StartsAts, from), append(p.EndsAts, until)
	p.Titles, p.OtherTitles = append(p.Titles, title), append(p.OtherTitles, by.Title)
}

func (t *taking) contestAll(ctx context.Context, c *contest) error {
	if len(c.p.BookingIds) == 0 {
		return nil
	}
	if err := t.q.ContestBookings(ctx, queries.ContestBookingsParams{OrgID: t.org, Ids: c.p.BookingIds, At: t.now}); err != nil {
		return err
	}
	c.p.OrgID = t.org
	return t.q.OpenContest(ctx, c.p)
}

// doubleBooked is what people hear of it, once for each time that a booking is moved to.
func doubleBooked(org uuid.UUID, now time.Time, id uuid.UUID, title string, by Reason, starts, ends *time.Time, zone string) notify.Notice {
	when := ""
	if starts != nil {
		when = starts.Format(time.RFC3339)
	}
	return notify.Notice{OrgID: org, ID: notify.NoticeID(id, "contested"+when+now.UTC().Format(time.RFC3339Nano)), At: now, News: mail.News{Kind: mail.Conflict, What: "double_booked", Title: title,
		Detail: by.Words(), Starts: starts, Ends: ends, Zone: zone, At: now, Path: "/app/conflicts"}}
}
