package jobs

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/mail"
)

// listenEvery: a silence takes hours to be one, so minutes do for its beginning and its end.
const listenEvery = 5 * time.Minute

// silentFrom is how long a connection has been quiet at least before its days are worth reading. The rule asks for more.
const silentFrom = 6 * time.Hour

type silenceArgs struct{}

func (silenceArgs) Kind() string { return "listen_for_silence" }

// InsertOpts: five minutes later the next one comes.
func (silenceArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 1} }

// silence tells suppliers when what usually comes has stopped, and when it comes again.
type silence struct {
	river.WorkerDefaults[silenceArgs]
	pool  *pgxpool.Pool
	waker *queries.Waker
	log   *slog.Logger
	river *river.Client[pgx.Tx]
}

func (s *silence) Work(ctx context.Context, _ *river.Job[silenceArgs]) error {
	return s.sweep(ctx, time.Now())
}

// sweep goes through all quiet connections, a page at a time. One that cannot be told does not keep the others from being told.
func (s *silence) sweep(ctx context.Context, now time.Time) error {
	page := pageOf(uuid.Nil, uuid.Nil, now)
	var failed error
	for {
		rows, err := queries.New(s.pool).AllOrgsQuietConnections(ctx, page)
		if err != nil || len(rows) == 0 {
			return errors.Join(failed, err)
		}
		for _, row := range rows {
			if err := s.listen(ctx, row, now); err != nil {
				s.log.ErrorContext(ctx, "whether a connection is silent could not be told", "org_id", row.OrgID, "connection_id", row.ID, "error", err)
				failed = errors.Join(failed, err)
			}
		}
		last := rows[len(rows)-1]
		page = pageOf(last.OrgID, last.ID, now)
	}
}

func pageOf(afterOrg, afterID uuid.UUID, now time.Time) queries.AllOrgsQuietConnectionsParams {
	since, quiet := inbound.HabitSince(now), now.Add(-silentFrom)
	return queries.AllOrgsQuietConnectionsParams{AfterOrg: &afterOrg, AfterID: &afterID, Since: &since, QuietSince: &quiet}
}

// listen finds out whether a silence begins or ends with this connection, and says so once.
func (s *silence) listen(ctx context.Context, row queries.AllOrgsQuietConnectionsRow, now time.Time) error {
	if row.SilentSince != nil {
		if !row.LastAt.After(*row.SilentSince) {
			return nil
		}
		news := queries.AddActivityParams{At: now, Kind: "connection_back", What: "after " + inbound.Length(row.LastAt.Sub(*row.SilentSince))}
		return s.tell(ctx, row, news, func(q *queries.Queries) (int64, error) {
			return q.MarkBack(ctx, queries.MarkBackParams{OrgID: row.OrgID, ID: row.ID})
		})
	}
	habit, silent, err := s.judge(ctx, row, now)
	if err != nil || !silent {
		return err
	}
	news := queries.AddActivityParams{At: now, Kind: "connection_silent", What: "it usually sends " + habit.Words() + "; nothing for " + inbound.Length(now.Sub(row.LastAt))}
	return s.tell(ctx, row, news, func(q *queries.Queries) (int64, error) {
		return q.MarkSilent(ctx, queries.MarkSilentParams{OrgID: row.OrgID, ID: row.ID, Since: &row.LastAt})
	})
}

// judge asks for the pauses within days only of a connection that its days alone would call silent: at night
// that is few of the many that are quiet.
func (s *silence) judge(ctx context.Context, row queries.AllOrgsQuietConnectionsRow, now time.Time) (inbound.Habit, bool, error) {
	zone, err := time.LoadLocation(row.Timezone)
	if err != nil {
		zone = time.UTC
	}
	now = now.In(zone)
	days := make([]inbound.Day, len(row.Days))
	for i := range row.Days {
		days[i] = inbound.Day{On: row.Days[i], Arrived: int(row.Arrived[i])}
	}
	habit := inbound.Usual(days, row.FirstDay, now)
	if !inbound.Silent(habit, row.LastAt, now) {
		return habit, false, nil
	}
	hours, err := queries.New(s.pool).LatestHours(ctx, queries.LatestHoursParams{OrgID: row.OrgID, ConnectionID: row.ID})
	if err != nil {
		return habit, false, err
	}
	habit = habit.After(hours, zone)
	return habit, inbound.Silent(habit, row.LastAt, now), nil
}

// tell writes the notice in the transaction that marks the silence. Two sweeps at once both get here; mark lets one through.
func (s *silence) tell(ctx context.Context, row queries.AllOrgsQuietConnectionsRow, news queries.AddActivityParams, mark func(*queries.Queries) (int64, error)) error {
	told := false
	news.OrgID, news.Provider = row.OrgID, &row.Provider
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		marked, err := mark(q)
		if err != nil || marked == 0 {
			return err
		}
		told = true
		if err := q.AddActivity(ctx, news); err != nil {
			return err
		}
		if err := notify.Announce(ctx, tx, s.river, silenceNotice(row, news)); err != nil {
			return err
		}
		return q.TouchRegions(ctx, queries.TouchRegionsParams{Audiences: []uuid.UUID{row.OrgID}, Regions: []string{"activity", inbound.HealthRegion(row.ID)}})
	})
	if err == nil && told {
		s.waker.Wake(row.OrgID)
	}
	return err
}

// silenceNotice is the same for people. Its id follows from the connection and the moment, since each silence is news.
func silenceNotice(row queries.AllOrgsQuietConnectionsRow, news queries.AddActivityParams) notify.Notice {
	return notify.Notice{OrgID: row.OrgID, ID: notify.NoticeID(row.ID, news.Kind+row.LastAt.UTC().Format(time.RFC3339Nano)), At: news.At,
		News: mail.News{Kind: mail.Connection, What: news.Kind, Title: views.ProviderName(row.Provider), Detail: news.What, At: news.At,
			Path: "/app/connections/" + row.ID.String()}}
}
