package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/mail"
)

// FanOutArgs names notices of one organisation that were announced together.
type FanOutArgs struct {
	OrgID     uuid.UUID   `json:"org_id"`
	NoticeIDs []uuid.UUID `json:"notice_ids"`
}

// Kind is River's name for the job; it stands in the database, so it never changes.
func (FanOutArgs) Kind() string { return "fan_out" }

// InsertOpts: what fails here is our own house, and nothing else would tell of these notices: it is tried for a working day.
func (FanOutArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: FanQueue, MaxAttempts: 500}
}

// FanOut makes notifications of notices: who hears, by what channel, and when.
type FanOut struct {
	river.WorkerDefaults[FanOutArgs]
	Pool     *pgxpool.Pool
	Waker    *queries.Waker
	Carriers *Carriers
	Log      *slog.Logger
}

// NextRetry comes back soon: it waits for our own database only.
func (f *FanOut) NextRetry(job *river.Job[FanOutArgs]) time.Time {
	return time.Now().Add(min(time.Duration(job.Attempt)*time.Second, time.Minute))
}

// unhurried: a crash of the database may undo a fan-out whole, and then its job runs again; ids follow from what they are of.
// Nothing has left the house by then: a sender waits for the disk before it sends.
var unhurried = pgx.TxOptions{BeginQuery: "BEGIN; SET LOCAL synchronous_commit = off"}

const (
	rushSince  = 10 * time.Minute
	rushEnough = 20 // so many notices in ten minutes: what is not urgent is bundled
)

// Work writes the notifications, the jobs that send them, its own completion and the versions of the inboxes in one
// transaction.
func (f *FanOut) Work(ctx context.Context, job *river.Job[FanOutArgs]) error {
	org := job.Args.OrgID
	err := pgx.BeginTxFunc(ctx, f.Pool, unhurried, func(tx pgx.Tx) error {
		w := &wave{q: queries.New(tx), org: org, now: time.Now(), carriers: f.Carriers, regions: map[string]bool{}}
		if err := w.spread(ctx, job.Args.NoticeIDs); err != nil {
			return err
		}
		if len(w.jobs) > 0 {
			if _, err := river.ClientFromContext[pgx.Tx](ctx).InsertManyFastTx(ctx, tx, w.jobs); err != nil {
				return err
			}
		}
		if _, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job); err != nil {
			return err
		}
		return w.touch(ctx)
	})
	if err == nil {
		f.Waker.Wake(org)
	}
	return err
}

// wave is notices on their way to people, in one transaction.
type wave struct {
	q        *queries.Queries
	org      uuid.UUID
	now      time.Time
	carriers *Carriers
	rows     queries.AddNotificationsParams
	bundles  []bundled
	jobs     []river.InsertManyParams
	news     []Notice
	regions  map[string]bool
	most     int // people of a team; 0: as many as there are
}

func (w *wave) spread(ctx context.Context, ids []uuid.UUID) error {
	notices, err := w.q.NoticesToTell(ctx, queries.NoticesToTellParams{OrgID: w.org, Ids: ids})
	if err != nil || len(notices) == 0 {
		return err
	}
	w.rows.OrgID, w.rows.Now = w.org, w.now
	if w.org == queries.House {
		err = w.toPersons(ctx, notices)
	} else if err = w.toTeam(ctx, notices); err == nil {
		err = errors.Join(w.toCouples(ctx, notices), w.toAuthors(ctx, notices))
	}
	if err != nil {
		return fmt.Errorf("fan out: %w", err)
	}
	return w.keep(ctx)
}

// toTeam plans each notice for each of the organisation's people.
func (w *wave) toTeam(ctx context.Context, notices []queries.NoticesToTellRow) error {
	people, err := LoadPeople(ctx, w.q, w.org, nil, w.now)
	if err != nil {
		return err
	}
	if w.most > 0 && len(people) > w.most {
		return errMany
	}
	lately, err := w.q.NoticesSince(ctx, queries.NoticesSinceParams{OrgID: w.org, Since: w.now.Add(-rushSince), Enough: rushEnough + 1})
	if err != nil {
		return err
	}
	order := slices.SortedFunc(maps.Keys(people), func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	for _, n := range notices {
		if n.OnlyFor != nil && *n.OnlyFor != queries.AudienceTeam {
			continue
		}
		about := happening(n)
		for _, id := range order {
			if n.UserID != nil && *n.UserID != id {
				continue
			}
			p := people[id]
			p.Rush = lately > rushEnough
			w.carriers.limit(p.Reach)
			for _, leg := range Plan(about, p.Person, w.now) {
				w.add(n, queries.AudienceTeam, p, leg)
			}
		}
	}
	return nil
}

// toPersons writes for the house itself: to one person, whatever they have turned off.
func (w *wave) toPersons(ctx context.Context, notices []queries.NoticesToTellRow) error {
	for _, n := range notices {
		if n.UserID == nil {
			continue
		}
		u, err := w.q.PersonAlone(ctx, *n.UserID)
		if err != nil {
			return err
		}
		if n.ClientEmail != "" { // an address that is not theirs yet, or no more: a proof of theirs would not prove it
			u.Email = n.ClientEmail
		}
		leg := Leg{Channel: queries.ChannelEmail}
		if happening(n).What == "phone_code" {
			leg.Channel = queries.ChannelSms
		}
		w.add(n, queries.AudiencePerson, Recipient{ID: u.ID, Name: u.Name, Email: u.Email, Phone: u.Phone}, leg)
	}
	return nil
}

// toCouples writes the letters that the supplier has sent to their couples.
func (w *wave) toCouples(ctx context.Context, notices []queries.NoticesToTellRow) error {
	kinds, err := w.q.LettersToCouples(ctx, w.org)
	if err != nil || len(kinds) == 0 {
		return err
	}
	wanted := map[uuid.UUID]queries.NoticesToTellRow{}
	for _, n := range notices {
		if n.UserID == nil && (n.OnlyFor == nil || *n.OnlyFor == queries.AudienceCouple) && slices.Contains(kinds, n.Kind) {
			wanted[n.ID] = n
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	couples, err := w.q.CouplesOf(ctx, queries.CouplesOfParams{OrgID: w.org, Ids: slices.Collect(maps.Keys(wanted))})
	if err != nil {
		return err
	}
	for _, c := range couples {
		w.add(wanted[c.NoticeID], queries.AudienceCouple, Recipient{ID: c.ClientID, Name: couple(c.Name, c.PartnerName), Email: c.Email}, Leg{Channel: queries.ChannelEmail})
	}
	return nil
}

// toAuthors sends the test of a letter to who asked for it: by e-mail and at once, whatever they have turned off.
func (w *wave) toAuthors(ctx context.Context, notices []queries.NoticesToTellRow) error {
	for _, n := range notices {
		if n.UserID == nil || n.OnlyFor == nil || *n.OnlyFor != queries.AudiencePerson {
			continue
		}
		people, err := LoadPeople(ctx, w.q, w.org, []uuid.UUID{*n.UserID}, w.now)
		if err != nil {
			return err
		}
		if p := people[*n.UserID]; p.Reach[queries.ChannelEmail] {
			w.add(n, queries.AudiencePerson, p, Leg{Channel: queries.ChannelEmail})
		}
	}
	return nil
}

func happening(n queries.NoticesToTellRow) Happening {
	var news mail.News
	if json.Unmarshal(n.Facts, &news) != nil {
		return Happening{Kind: n.Kind, Urgent: n.Urgent} // our own writing; a kind alone is enough to tell of
	}
	return Happening{Kind: n.Kind, What: news.What, Urgent: n.Urgent}
}

func couple(name, partner string) string {
	if partner == "" {
		return name
	}
	return name + " & " + partner
}

// InboxRegion is the live region of a person's bell, LettersRegion that of their inbox.
func InboxRegion(person uuid.UUID) string   { return "inbox:" + person.String() }
func LettersRegion(person uuid.UUID) string { return "letters:" + person.String() }

// touch shows it. It is the last statement before the commit: the row lock that it takes makes other writers wait.
func (w *wave) touch(ctx context.Context) error {
	if len(w.regions) == 0 {
		return nil
	}
	return w.q.TouchRegions(ctx, queries.TouchRegionsParams{Audiences: []uuid.UUID{w.org}, Regions: slices.Sorted(maps.Keys(w.regions))})
}
