package inbound

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/wedsync/wedsync/queries"
)

// NotAppliedForTest is the end of a run that failed because its time ran out.
func NotAppliedForTest(t *testing.T, pool *pgxpool.Pool, org, delivery uuid.UUID) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	a := &Apply{Pool: pool, Waker: queries.NewWaker(queries.New(pool), log), Log: log}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	job := &river.Job[ApplyArgs]{JobRow: &rivertype.JobRow{Attempt: 1, MaxAttempts: MaxAttempts}, Args: ApplyArgs{OrgID: org, DeliveryID: delivery}}
	if err := a.notApplied(ctx, job, errors.New("the time ran out")); err == nil {
		t.Error("the queue is told that all is well")
	}
}
