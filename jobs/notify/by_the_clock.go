package notify

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/mail"
)

// ClockArgs is the hourly look at what is worth telling though nothing happened.
type ClockArgs struct{}

// Kind is River's name for the job; it stands in the database, so it never changes.
func (ClockArgs) Kind() string { return "notify_by_the_clock" }

// InsertOpts: an hour later the next one comes.
func (ClockArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: FanQueue, MaxAttempts: 3}
}

// Clock announces Monday's summary of the week's weddings, the couples' letters of the week before theirs, and reminders of
// invites. Every notice's id follows from what it is of, so a look that comes twice tells once.
type Clock struct {
	river.WorkerDefaults[ClockArgs]
	Pool *pgxpool.Pool
	Log  *slog.Logger
}

// Work does one look.
func (c *Clock) Work(ctx context.Context, _ *river.Job[ClockArgs]) error {
	return c.look(ctx, time.Now(), river.ClientFromContext[pgx.Tx](ctx))
}

const (
	aWeek       = 7 * 24 * time.Hour
	remindAfter = 5 * 24 * time.Hour
	remindUntil = 30 * 24 * time.Hour
)

func (c *Clock) look(ctx context.Context, now time.Time, client *river.Client[pgx.Tx]) error {
	return pgx.BeginFunc(ctx, c.Pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		weeks, err := q.AllOrgsWeddingWeeks(ctx, queries.AllOrgsWeddingWeeksParams{Now: now, Until: now.Add(aWeek)})
		if err != nil {
			return err
		}
		couples, err := q.AllOrgsWeddingsInAWeek(ctx, queries.AllOrgsWeddingsInAWeekParams{FromDay: now.Add(aWeek - 24*time.Hour), Until: now.Add(aWeek)})
		if err != nil {
			return err
		}
		invites, err := q.AllOrgsInvitesToRemind(ctx, queries.AllOrgsInvitesToRemindParams{Now: &now, Before: now.Add(-remindAfter), NotOlder: now.Add(-remindUntil)})
		if err != nil {
			return err
		}
		return Announce(ctx, tx, client, append(append(weekNotices(weeks, now), coupleNotices(couples, now)...), inviteNotices(invites, now)...)...)
	})
}

// weekNotices is one for each organisation and Monday.
func weekNotices(rows []queries.AllOrgsWeddingWeeksRow, now time.Time) (all []Notice) {
	for _, row := range rows {
		day := dayIn(now, row.Timezone).Format(time.DateOnly)
		if len(all) == 0 || all[len(all)-1].OrgID != row.OrgID {
			all = append(all, Notice{OrgID: row.OrgID, ID: derived(row.OrgID, []byte("wedding_week"), []byte(day)), At: now,
				News: mail.News{Kind: mail.WeddingWeek, At: now, Path: "/app/weddings"}})
		}
		news := &all[len(all)-1].News
		news.Items = append(news.Items, mail.News{Kind: mail.WeddingWeek, Who: couple(row.ClientName, row.ClientPartner), Title: row.Title,
			Starts: row.StartsLocal, Ends: row.EndsLocal, Zone: row.Zone, Venue: row.Venue})
	}
	return all
}

// coupleNotices are for the couples alone: the team has Monday's summary.
func coupleNotices(rows []queries.AllOrgsWeddingsInAWeekRow, now time.Time) (all []Notice) {
	for _, row := range rows {
		n := Notice{OrgID: row.OrgID, ID: derived(row.BookingID, []byte("couples_week")), At: now, Connection: row.ConnectionID, Only: queries.AudienceCouple,
			News: mail.News{Kind: mail.WeddingWeek, At: now, Who: couple(row.ClientName, row.ClientPartner), Title: row.Title,
				Starts: row.StartsLocal, Ends: row.EndsLocal, Zone: row.Zone, Venue: row.Venue}}
		if row.ClientExternalID != nil {
			n.ClientExternalID = *row.ClientExternalID
		}
		all = append(all, n)
	}
	return all
}

func inviteNotices(rows []queries.AllOrgsInvitesToRemindRow, now time.Time) (all []Notice) {
	for _, row := range rows {
		all = append(all, Notice{OrgID: row.OrgID, ID: derived(row.ID, []byte("reminder")), At: now,
			News: mail.News{Kind: mail.InviteReminder, Who: row.Couple, At: row.CreatedAt, Path: "/app"}})
	}
	return all
}

// Stranded gives notifications and bundles whose job was lost another one, by the clock: the rows are the truth.
func Stranded(ctx context.Context, pool *pgxpool.Pool, client *river.Client[pgx.Tx], now time.Time) (int, error) {
	waiting, err := queries.AllOrgsStrandedNotifications(ctx, pool)
	if err != nil {
		return 0, err
	}
	late, err := queries.New(pool).AllOrgsLateDigests(ctx, now.Add(-2*time.Minute))
	if err != nil || len(waiting)+len(late) == 0 {
		return 0, err
	}
	var jobs []river.InsertManyParams
	for _, n := range waiting {
		jobs = append(jobs, sending(n.OrgID, n.ID, now, now))
	}
	for _, d := range late {
		jobs = append(jobs, river.InsertManyParams{Args: CloseDigestArgs{OrgID: d.OrgID, DigestID: d.ID}})
	}
	_, err = client.InsertManyFast(ctx, jobs)
	return len(jobs), err
}
