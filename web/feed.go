package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/calendar"
	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/views"
)

// A cancelled booking stays in the feed that long, as cancelled: a calendar that looks rarely has to hear of it once.
const cancelledStays = 90 * 24 * time.Hour

// feedOwner is what the sealed link of a feed opens for.
func feedOwner(org uuid.UUID) string { return calendar.FeedOwner(org) }

// ownFeed shows the link again to who may see it. Who knows it can read the feed.
func (s *Server) ownFeed(org uuid.UUID, sealed []byte, may bool) (f views.OwnFeed, err error) {
	if f.Made = sealed != nil; !f.Made || !may {
		return f, nil
	}
	token, err := s.config.Box.Open(sealed, feedOwner(org))
	f.Address = s.config.URL.JoinPath("feeds", string(token)+".ics").String()
	return f, err
}

// changeFeed makes, renews or removes the private link.
func (s *Server) changeFeed(c echo.Context) error {
	v, ctx, do := visitorOf(c), c.Request().Context(), c.FormValue("do")
	asked := queries.SetFeedParams{ID: v.OrgID}
	switch do {
	case "make", "renew":
		token, hash := seal.NewToken()
		sealed, err := s.config.Box.Seal([]byte(token), feedOwner(v.OrgID))
		if err != nil {
			return err
		}
		asked.FeedSha256, asked.FeedSealed = hash, sealed
	case "remove":
	default:
		return echo.ErrBadRequest
	}
	err := s.audited(ctx, v, queries.AuditParams{Action: "feed." + do}, nil, func(q *queries.Queries) error { return q.SetFeed(ctx, asked) })
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/calendars?done=feed-"+do+"#feed-own")
}

// feed is a supplier's bookings for any calendar program. Every address is hashed and looked up, right or wrong, so that its
// shape tells nothing; who guesses is soon asked to wait.
func (s *Server) feed(c echo.Context) error {
	ctx, now := c.Request().Context(), time.Now()
	token, ics := strings.CutSuffix(c.Param("token"), ".ics")
	org, err := s.q.OrgByFeed(ctx, seal.TokenHash(token))
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !ics {
		if s.badProofs.strike("feed "+c.RealIP(), now) {
			return errTooOften
		}
		return errNotFound
	}
	if err != nil {
		return err
	}
	body, changed, err := s.feedOf(ctx, org, now)
	if err != nil {
		return err
	}
	h, sum := c.Response().Header(), sha256.Sum256(body)
	h.Set("Cache-Control", "private, max-age=300") // asked every second, it is made every five minutes
	h.Set("Content-Type", "text/calendar; charset=utf-8")
	h.Set("Content-Disposition", `inline; filename="wedsync.ics"`)
	h.Set("X-Robots-Tag", "noindex")
	h.Set("ETag", `W/"`+hex.EncodeToString(sum[:16])+`"`) // weak: the answer may be packed on its way
	http.ServeContent(c.Response(), c.Request(), "", changed, bytes.NewReader(body))
	return nil
}

// feedOf says the same until something changes: its stamp is the latest change, and not the moment of asking.
func (s *Server) feedOf(ctx context.Context, org queries.OrgByFeedRow, now time.Time) ([]byte, time.Time, error) {
	rows, err := s.q.FeedBookings(ctx, queries.FeedBookingsParams{OrgID: org.ID, Since: now.AddDate(-1, 0, 0).Truncate(24 * time.Hour), CancelledSince: now.Add(-cancelledStays)})
	if err != nil {
		return nil, time.Time{}, err
	}
	changed := time.Unix(0, 0).UTC()
	events := make([]ical.Event, len(rows))
	for i, row := range rows {
		events[i] = feedEvent(org, row)
		if row.UpdatedAt.After(changed) {
			changed = row.UpdatedAt.UTC().Truncate(time.Second)
		}
	}
	return ical.Write(org.Name, events, changed), changed, nil
}

// feedEvent holds what outside calendars may have, and nothing else.
func feedEvent(org queries.OrgByFeedRow, b queries.FeedBookingsRow) ical.Event {
	e := calendar.Copy(queries.BookingToCopyRow{ID: b.ID, Title: b.Title, StartsLocal: b.StartsLocal, EndsLocal: b.EndsLocal, Timezone: cmp.Or(b.Timezone, org.Timezone), Venue: b.Venue, Status: b.Status, Stamps: b.Stamps,
		CopyTitle: org.CopyTitle, CopyBody: org.CopyBody, ClientName: b.ClientName, PartnerName: b.PartnerName, ClientEmail: b.ClientEmail, ClientPhone: b.ClientPhone})
	e.UID, e.Updated, e.Cancelled = b.ID.String()+"@wedsync", b.UpdatedAt.UTC(), b.Status == queries.BookingStatusCancelled
	return e
}
