package notify

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/mail"
)

// CloseDigestArgs names one bundle whose time has come.
type CloseDigestArgs struct {
	OrgID    uuid.UUID `json:"org_id"`
	DigestID uuid.UUID `json:"digest_id"`
}

// Kind is River's name for the job; it stands in the database, so it never changes.
func (CloseDigestArgs) Kind() string { return "close_digest" }

// InsertOpts: what fails here is our own house.
func (CloseDigestArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: FanQueue, MaxAttempts: 25}
}

// CloseDigest makes one message of a bundle. The row closes once, in the transaction that writes the message, so two
// triggers in a second and a job that runs twice make one digest.
type CloseDigest struct {
	river.WorkerDefaults[CloseDigestArgs]
	Pool     *pgxpool.Pool
	Carriers *Carriers
}

const mostInDigest = 200 // a letter with more is not read; the inbox has them all

// Work closes the bundle and sends what is still wanted of it: who turned a category off meanwhile hears nothing of it.
func (c *CloseDigest) Work(ctx context.Context, job *river.Job[CloseDigestArgs]) error {
	org := job.Args.OrgID
	return pgx.BeginTxFunc(ctx, c.Pool, unhurried, func(tx pgx.Tx) error {
		w := &wave{q: queries.New(tx), org: org, now: time.Now(), carriers: c.Carriers, regions: map[string]bool{}}
		w.rows.OrgID, w.rows.Now = org, w.now
		d, err := w.q.CloseDigest(ctx, queries.CloseDigestParams{OrgID: org, ID: job.Args.DigestID, Now: &w.now})
		if err == nil {
			err = w.bundle(ctx, job.Args.DigestID, d)
		}
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if err := w.finish(ctx, tx, river.ClientFromContext[pgx.Tx](ctx)); err != nil {
			return err
		}
		_, err = river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		return err
	})
}

func (w *wave) bundle(ctx context.Context, id uuid.UUID, d queries.CloseDigestRow) error {
	items, err := w.q.InDigest(ctx, queries.InDigestParams{OrgID: w.org, DigestID: id})
	if err != nil || len(items) == 0 {
		return err
	}
	people, err := LoadPeople(ctx, w.q, w.org, []uuid.UUID{d.UserID}, w.now)
	if err != nil {
		return err
	}
	p, there := people[d.UserID]
	w.carriers.limit(p.Reach)
	wanted, dropped := map[queries.Channel][]mail.News{}, []uuid.UUID{}
	for _, item := range items {
		var news mail.News
		if err := json.Unmarshal(item.Facts, &news); err != nil {
			return err
		}
		if !there || !p.Reach[item.Channel] || p.Pace(Happening{Kind: item.Kind, What: news.What}, item.Channel) == queries.PaceOff {
			dropped = append(dropped, item.ID)
			continue
		}
		wanted[item.Channel] = append(wanted[item.Channel], news)
	}
	if err := w.q.DropFromDigest(ctx, queries.DropFromDigestParams{OrgID: w.org, Ids: dropped, Reason: "It was turned off before the summary went."}); err != nil {
		return err
	}
	return w.digests(ctx, id, d, p, wanted)
}

// digests writes the message of each channel: a notice of its own, with an id that follows from the bundle's.
func (w *wave) digests(ctx context.Context, id uuid.UUID, d queries.CloseDigestRow, p Recipient, wanted map[queries.Channel][]mail.News) error {
	for _, ch := range ladder {
		items := wanted[ch]
		if len(items) == 0 {
			continue
		}
		items = items[max(0, len(items)-mostInDigest):]
		n := Notice{OrgID: w.org, ID: derived(id, []byte("digest"), []byte(ch)), At: w.now, UserID: &d.UserID,
			News: mail.News{Kind: mail.Digest, What: d.WindowKey, At: w.now, Path: "/app/inbox", Items: items}}
		var rows queries.AddNoticesParams
		if err := n.into(&rows); err != nil {
			return err
		}
		if _, err := w.q.AddNotices(ctx, rows); err != nil {
			return err
		}
		w.add(queries.NoticesToTellRow{ID: n.ID, Kind: string(mail.Digest)}, queries.AudienceTeam, p, Leg{Channel: ch})
	}
	return nil
}
