package notify

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
)

// bundled is a row that waits for its bundle's id.
type bundled struct {
	row    int
	person uuid.UUID
	window string
	due    time.Time
}

// add takes one notification along.
func (w *wave) add(n queries.NoticesToTellRow, to queries.Audience, p Recipient, leg Leg) {
	r := &w.rows
	status, address, from := queries.NotificationStatusQueued, "", ""
	switch leg.Channel {
	case queries.ChannelInApp:
		status = queries.NotificationStatusDelivered // it is there as soon as it is written
		for _, region := range InboxRegions(p.ID, n.Urgent) {
			w.regions[region] = true
		}
	case queries.ChannelEmail:
		address = p.Email
	case queries.ChannelSms:
		address = p.Phone
	}
	if leg.From != nil {
		from = string(*leg.From)
	}
	after, reason := w.now, ""
	if leg.After.After(w.now) {
		after, reason = leg.After, "Held back over quiet hours."
	}
	if leg.Bundle != "" {
		status = queries.NotificationStatusBundled
		w.bundles = append(w.bundles, bundled{len(r.Ids), p.ID, leg.Bundle, leg.Due})
	}
	r.Ids, r.NoticeIds, r.Kinds = append(r.Ids, notificationID(n.ID, p.ID, leg.Channel)), append(r.NoticeIds, n.ID), append(r.Kinds, n.Kind)
	r.Audiences, r.RecipientIds, r.Recipients = append(r.Audiences, string(to)), append(r.RecipientIds, p.ID), append(r.Recipients, p.Name)
	r.Channels, r.Addresses, r.Urgents = append(r.Channels, string(leg.Channel)), append(r.Addresses, address), append(r.Urgents, n.Urgent)
	r.Statuses, r.Reasons, r.AfterAts = append(r.Statuses, string(status)), append(r.Reasons, reason), append(r.AfterAts, after)
	r.FellFroms, r.DigestIds = append(r.FellFroms, from), append(r.DigestIds, uuid.Nil)
}

// keep writes the rows, and notes the jobs that send them.
func (w *wave) keep(ctx context.Context) error {
	if len(w.rows.Ids) == 0 {
		return nil
	}
	if err := w.intoBundles(ctx); err != nil {
		return err
	}
	fresh, err := w.q.AddNotifications(ctx, w.rows)
	if err != nil {
		return err
	}
	for _, row := range fresh {
		if row.NextTryAt != nil {
			w.jobs = append(w.jobs, sending(w.org, row.ID, *row.NextTryAt, w.now))
		}
	}
	return nil
}

// intoBundles finds or makes the bundles. What finds its own closed already, by a clock that runs ahead, goes by itself.
func (w *wave) intoBundles(ctx context.Context) error {
	if len(w.bundles) == 0 {
		return nil
	}
	type key struct {
		person uuid.UUID
		window string
		due    int64
	}
	p, known := queries.HoldDigestsParams{OrgID: w.org}, map[key]uuid.UUID{}
	for _, b := range w.bundles {
		k := key{b.person, b.window, b.due.UnixMicro()}
		if _, there := known[k]; !there {
			known[k] = uuid.Nil
			p.UserIds, p.WindowKeys, p.DueAts = append(p.UserIds, b.person), append(p.WindowKeys, b.window), append(p.DueAts, b.due)
		}
	}
	held, err := w.q.HoldDigests(ctx, p)
	if err != nil {
		return err
	}
	for _, d := range held {
		known[key{d.UserID, d.WindowKey, d.DueAt.UnixMicro()}] = d.ID
		if d.Fresh {
			w.jobs = append(w.jobs, river.InsertManyParams{Args: CloseDigestArgs{OrgID: w.org, DigestID: d.ID}, InsertOpts: &river.InsertOpts{ScheduledAt: d.DueAt}})
		}
	}
	for _, b := range w.bundles {
		id := known[key{b.person, b.window, b.due.UnixMicro()}]
		if w.rows.DigestIds[b.row] = id; id == uuid.Nil {
			w.rows.Statuses[b.row] = string(queries.NotificationStatusQueued)
		}
	}
	return nil
}

func sending(org, id uuid.UUID, after, now time.Time) river.InsertManyParams {
	job := river.InsertManyParams{Args: SendArgs{OrgID: org, NotificationID: id}}
	if after.After(now) {
		job.InsertOpts = &river.InsertOpts{ScheduledAt: after}
	}
	return job
}
