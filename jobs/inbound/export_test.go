package inbound

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/queries"
)

// SetAsideForTest is the end of a try that failed because its time ran out, of a delivery as it was when the try began.
func SetAsideForTest(t *testing.T, pool *pgxpool.Pool, lane Lane, delivery uuid.UUID) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	d := &Drain{Pool: pool, Waker: queries.NewWaker(queries.New(pool), log), Log: log}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	row := queries.InLaneRow{ID: delivery, Attempts: 1, Status: queries.DeliveryStatusAccepted}
	if err := setAside(ctx, d, lane, row, errors.New("the time ran out")); err != nil {
		t.Error(err)
	}
}

// Letters are the kinds of letters, by what the feed tells of.
var Letters = letters
