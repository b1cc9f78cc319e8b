package outside

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/queries"
)

// tellTimeout bounds what is written about a call, which is written also when the caller has gone.
const tellTimeout = 5 * time.Second

// admit lets a call out, says that it is the probe, or answers *Open.
func (d *Door) admit(ctx context.Context, call Call) (probe bool, err error) {
	q, now := queries.New(d.pool), d.now()
	row, err := q.BreakerOf(ctx, queries.BreakerOfParams{OrgID: call.owner(), Peer: call.Peer})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("breaker: %w", err)
	}
	s, err := state(row)
	if err != nil || !s.Open() {
		return false, err
	}
	open := &Open{Peer: call.Peer, Since: s.FailingSince, Last: s.LastError}
	wedding, err := weddingNear(ctx, q, call.OrgID, now)
	if err != nil {
		return false, err
	}
	if open.Until = s.Wait(now, wedding); !open.Until.IsZero() {
		return false, open
	}
	lease := now.Add(call.Deadline + probeGrace)
	won, err := q.ClaimProbe(ctx, queries.ClaimProbeParams{OrgID: call.owner(), Peer: call.Peer, OpenedAt: row.OpenedAt, Now: now, Until: lease})
	if err != nil {
		return false, fmt.Errorf("breaker: %w", err)
	}
	if won == 0 {
		open.Until = lease
		return false, open
	}
	return true, nil
}

// weddingNear is the beginning of the wedding that is under way, or begins before the usual probe would come.
func weddingNear(ctx context.Context, q *queries.Queries, org uuid.UUID, now time.Time) (*time.Time, error) {
	at, err := q.WeddingUnderWay(ctx, queries.WeddingUnderWayParams{OrgID: org, AWeekAgo: now.AddDate(0, 0, -7), Soon: now.Add(probeAfter), Now: now})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("breaker: %w", err)
	}
	return &at, nil
}

// told is a call that has ended.
type told struct {
	method, host string
	began        time.Time
	probe        bool
	status       int // 0: nothing was answered, or it is not HTTP's
	verdict      Verdict
	outcome      string // in words
}

// tell writes the audit row and moves the breaker. The call itself has been made: that it could not be told is a warning,
// and takes nothing back.
func (d *Door) tell(ctx context.Context, call Call, t told) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellTimeout)
	defer cancel()
	row := d.row(call, t)
	easy, err := d.easily(ctx, call, t, row)
	if err == nil && !easy {
		err = pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error { return d.keep(ctx, queries.New(tx), call, t, row) })
	}
	if err != nil {
		d.log.WarnContext(ctx, "a call to the outside was made and could not be told", "org_id", call.OrgID, "peer", call.Peer, "error", err)
	}
}

// unhurried: the row that tells need not be on the disk before its caller goes on; the next commit that must be takes it along.
var unhurried = pgx.TxOptions{BeginQuery: "BEGIN; SET LOCAL synchronous_commit = off"}

// easily tells a call that changes nothing about a healthy breaker, with its audit row alone: a thousand calls to a carrier
// that all organisations share do not queue for one row. Such calls are counted here, and added when the row is next
// moved: once a second, and by every failure.
func (d *Door) easily(ctx context.Context, call Call, t told, row queries.TellCallParams) (bool, error) {
	if t.verdict != Answered || t.probe || !d.busy.mayWait(call, d.now()) {
		return false, nil
	}
	var n int64
	err := pgx.BeginTxFunc(ctx, d.pool, unhurried, func(tx pgx.Tx) (err error) {
		n, err = queries.New(tx).TellCallOfHealthy(ctx, queries.TellCallOfHealthyParams{OrgID: row.OrgID, ID: row.ID, At: row.At, Peer: row.Peer, Purpose: row.Purpose,
			Method: row.Method, Host: row.Host, Status: row.Status, Outcome: row.Outcome, TookMs: row.TookMs, BreakerOrgID: call.owner()})
		return err
	})
	if n == 1 {
		d.busy.count(call, d.now())
	}
	return n == 1, err
}

func (d *Door) keep(ctx context.Context, q *queries.Queries, call Call, t told, row queries.TellCallParams) error {
	locked, err := q.LockBreaker(ctx, queries.LockBreakerParams{OrgID: call.owner(), Peer: call.Peer})
	if err != nil {
		return err
	}
	before, err := state(queries.BreakerOfRow(locked))
	if err != nil {
		return err
	}
	now := d.now()
	after := before.Counting(d.busy.take(call, now)).After(t.verdict, t.probe, now, t.outcome)
	if err := q.KeepBreaker(ctx, kept(call, after)); err != nil {
		return err
	}
	if after.Open() != before.Open() {
		d.log.InfoContext(ctx, "a breaker moved", "org_id", call.owner(), "peer", call.Peer, "open", after.Open(), "outcome", t.outcome)
	}
	return q.TellCall(ctx, row)
}

func (d *Door) row(call Call, t told) queries.TellCallParams {
	return queries.TellCallParams{OrgID: call.OrgID, ID: uuid.Must(uuid.NewV7()), At: t.began, Peer: call.Peer, Purpose: call.Purpose,
		Method: t.method, Host: t.host, Status: number32(t.status), Outcome: t.outcome, TookMs: int32(d.now().Sub(t.began).Milliseconds())}
}

func outcome(answer Answer, err error) string {
	if err != nil {
		return err.Error()
	}
	return "answered " + statusWords(answer.Status)
}

// Breaker is how a peer of an organisation stands.
type Breaker struct {
	Peer string
	State
	Until time.Time // when the next one may try; zero: now, or it is closed
}

// Breakers are all of an organisation's, by name.
func (d *Door) Breakers(ctx context.Context, org uuid.UUID) ([]Breaker, error) {
	q, now := queries.New(d.pool), d.now()
	rows, err := q.Breakers(ctx, org)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	wedding, err := weddingNear(ctx, q, org, now)
	if err != nil {
		return nil, err
	}
	all := make([]Breaker, len(rows))
	for i, row := range rows {
		s, err := state(queries.BreakerOfRow{Failures: row.Failures, FailingSince: row.FailingSince, Recent: row.Recent, OpenedAt: row.OpenedAt,
			ProbingUntil: row.ProbingUntil, AnsweredAt: row.AnsweredAt, LastError: row.LastError})
		if err != nil {
			return nil, err
		}
		all[i] = Breaker{Peer: row.Peer, State: s}
		if s.Open() {
			all[i].Until = s.Wait(now, wedding)
		}
	}
	return all, nil
}

func state(row queries.BreakerOfRow) (State, error) {
	s := State{Failures: int(row.Failures), FailingSince: moment(row.FailingSince), OpenedAt: moment(row.OpenedAt), ProbingUntil: moment(row.ProbingUntil),
		AnsweredAt: moment(row.AnsweredAt), LastError: row.LastError}
	if err := json.Unmarshal(row.Recent, &s.Recent); err != nil {
		return s, fmt.Errorf("breaker: %w", err)
	}
	return s, nil
}

func kept(call Call, s State) queries.KeepBreakerParams {
	recent, err := json.Marshal(s.Recent)
	if err != nil || s.Recent == nil {
		recent = []byte("[]")
	}
	return queries.KeepBreakerParams{OrgID: call.owner(), Peer: call.Peer, Failures: int32(s.Failures), FailingSince: orNull(s.FailingSince), Recent: recent,
		OpenedAt: orNull(s.OpenedAt), ProbingUntil: orNull(s.ProbingUntil), AnsweredAt: orNull(s.AnsweredAt), LastError: s.LastError}
}

func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func number32(status int) *int32 {
	if status == 0 {
		return nil
	}
	n := int32(status)
	return &n
}
