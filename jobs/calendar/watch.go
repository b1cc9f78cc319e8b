package calendar

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
)

// WatchArgs opens a channel through which a provider tells us of changes, or another one before the old one ends.
type WatchArgs struct {
	OrgID      uuid.UUID `json:"org_id"`
	CalendarID uuid.UUID `json:"calendar_id"`
}

// Kind is River's name for the job; it stands in the database, so it never changes.
func (WatchArgs) Kind() string { return "watch_calendar" }

// InsertOpts: the clock looks again.
func (WatchArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueName, MaxAttempts: 1}
}

// Watch works it.
type Watch struct {
	river.WorkerDefaults[WatchArgs]
	Sync *Sync
}

// Work opens a new channel and closes the ones before it; in between both tell us, which does no harm.
func (w *Watch) Work(ctx context.Context, job *river.Job[WatchArgs]) error {
	err := w.Sync.watch(ctx, job.Args.OrgID, job.Args.CalendarID)
	if err != nil {
		w.Sync.Log.WarnContext(ctx, "a calendar's provider does not tell us of changes; it is asked by the clock", "org_id", job.Args.OrgID, "calendar_id", job.Args.CalendarID, "error", err)
	}
	return nil
}

// askedFor is how long a channel is to live: providers.md §4.4 knows two limits of Graph, and this is below both.
const askedFor = 4200 * time.Minute

func (s *Sync) watch(ctx context.Context, org, calendar uuid.UUID) error {
	if s.Base.Scheme != "https" && !s.AllowPrivate {
		return nil // providers call https addresses alone
	}
	q := queries.New(s.Pool)
	c, err := q.CalendarToWrite(ctx, queries.CalendarToWriteParams{OrgID: org, ID: calendar})
	if err != nil || c.Closed {
		return err
	}
	account, _, err := s.account(ctx, org, c.ConnectionID)
	if err != nil {
		return err
	}
	watcher, can := account.(remote.Watcher)
	if !can {
		return nil
	}
	token, hash := seal.NewToken()
	id := uuid.New()
	before, alone, err := s.beginChannel(ctx, queries.AddChannelParams{OrgID: org, ID: id, CalendarID: calendar, TokenSha256: hash})
	if err != nil || !alone {
		return err
	}
	opened, err := watcher.Watch(ctx, remote.Channel{ID: id.String(), Token: token, Address: s.Base.JoinPath("webhooks", string(c.Kind)).String(), Until: time.Now().Add(askedFor), Calendar: c.RemoteID})
	if err != nil {
		return errors.Join(err, q.CloseChannel(ctx, queries.CloseChannelParams{OrgID: org, ID: id, Now: ptr(time.Now())}))
	}
	now := time.Now()
	half := now.Add(opened.Until.Sub(now) / 2)
	if err := q.ChannelOpened(ctx, queries.ChannelOpenedParams{OrgID: org, ID: id, RemoteID: opened.Remote, ExpiresAt: &opened.Until, RenewAt: &half}); err != nil {
		return err
	}
	for _, old := range before {
		// One that does not end now ends by itself, and what it says until then is a stranger's word.
		_ = watcher.Unwatch(ctx, remote.Channel{ID: old.ID.String(), Remote: old.RemoteID, Calendar: c.RemoteID})
		if err := q.CloseChannel(ctx, queries.CloseChannelParams{OrgID: org, ID: old.ID, Now: &now}); err != nil {
			return err
		}
	}
	// What changed while nobody told us is asked for now.
	_, err = s.River.Insert(ctx, PullArgs{OrgID: org, CalendarID: calendar}, nil)
	return err
}

// beginChannel keeps the row of a channel before the call that opens it: Google's first message may come before the answer, and
// Graph asks during the call. One at a time: who comes while another one is being opened would close it.
func (s *Sync) beginChannel(ctx context.Context, add queries.AddChannelParams) (before []queries.ChannelsOfRow, alone bool, err error) {
	err = pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		if err := q.CalendarHeld(ctx, queries.CalendarHeldParams{OrgID: add.OrgID, ID: add.CalendarID}); err != nil {
			return err
		}
		if before, err = q.ChannelsOf(ctx, queries.ChannelsOfParams{OrgID: add.OrgID, CalendarID: add.CalendarID}); err != nil {
			return err
		}
		for _, c := range before {
			if c.ExpiresAt == nil && time.Since(c.OpenedAt) < time.Minute {
				return nil
			}
		}
		alone = true
		return q.AddChannel(ctx, add)
	})
	return before, alone, err
}

// HearGoogle takes a message of a channel: it holds nothing, so it is a hint and the calendar is asked. known is false for one
// that is not ours, or not any more.
func (s *Sync) HearGoogle(ctx context.Context, channel, resource, token string) (known bool, err error) {
	id, err := uuid.Parse(channel)
	if err != nil {
		return false, nil
	}
	c, err := s.channel(ctx, queries.AllOrgsChannelParams{ID: id}, token)
	if err != nil || c == nil || c.RemoteID != "" && subtle.ConstantTimeCompare([]byte(c.RemoteID), []byte(resource)) != 1 {
		return false, err
	}
	return true, s.heard(ctx, c)
}

// HearMicrosoft takes what Graph told in one call. Whatever happened to a subscription itself, the calendar is asked; one that
// was removed is opened anew.
func (s *Sync) HearMicrosoft(ctx context.Context, all []remote.Notification) error {
	asked := map[uuid.UUID]bool{}
	for _, n := range all {
		c, err := s.channel(ctx, queries.AllOrgsChannelParams{RemoteID: n.Subscription}, n.ClientState)
		if err != nil {
			return err
		}
		if c == nil {
			continue
		}
		if n.Lifecycle == "subscriptionRemoved" || n.Lifecycle == "reauthorizationRequired" {
			if _, err := s.River.Insert(ctx, WatchArgs{OrgID: c.OrgID, CalendarID: c.CalendarID}, nil); err != nil {
				return err
			}
		}
		if !asked[c.CalendarID] {
			asked[c.CalendarID] = true
			if err := s.heard(ctx, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// channel is the open one that shows its token; nil: nobody we know.
func (s *Sync) channel(ctx context.Context, which queries.AllOrgsChannelParams, token string) (*queries.AllOrgsChannelRow, error) {
	c, err := queries.New(s.Pool).AllOrgsChannel(ctx, which)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil || c.ClosedAt != nil || subtle.ConstantTimeCompare(c.TokenSha256, seal.TokenHash(token)) != 1 {
		return nil, err
	}
	return &c, nil
}

// hint marks what a crash of the database may undo: the clock asks all the same.
var hint = pgx.TxOptions{BeginQuery: "BEGIN; SET LOCAL synchronous_commit = off"}

func (s *Sync) heard(ctx context.Context, c *queries.AllOrgsChannelRow) error {
	return pgx.BeginTxFunc(ctx, s.Pool, hint, func(tx pgx.Tx) error {
		if err := queries.New(tx).ChannelHeard(ctx, queries.ChannelHeardParams{OrgID: c.OrgID, ID: c.ID, Now: ptr(time.Now())}); err != nil {
			return fmt.Errorf("heard: %w", err)
		}
		if err := queries.New(tx).CanaryHeard(ctx, queries.CanaryHeardParams{OrgID: c.OrgID, ID: c.CalendarID, OpenedAt: c.OpenedAt, Now: time.Now()}); err != nil {
			return fmt.Errorf("heard: %w", err)
		}
		_, err := s.River.InsertManyFastTx(ctx, tx, []river.InsertManyParams{{Args: PullArgs{OrgID: c.OrgID, CalendarID: c.CalendarID, Pushed: true}}})
		return err
	})
}
