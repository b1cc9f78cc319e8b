package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/wedsync/wedsync/queries"
)

const (
	keepNotices = 90 * 24 * time.Hour  // as the page of what was sent says
	keepStrays  = 30 * 24 * time.Hour  // a carrier's reports about what we never sent
	keepUses    = 400 * 24 * time.Hour // a year and a month, to compare a season with the last

	// As in AllOrgsForgetNotices and AllOrgsForgetStraySteps: small enough that nobody waits long for a lock.
	noticesAtOnce = 1000
	straysAtOnce  = 5000
)

// forgetTold deletes what was told long ago, a batch at a time. What the hour does not suffice for is the next one's.
func forgetTold(ctx context.Context, q *queries.Queries, now time.Time) error {
	_, err := q.AllOrgsForgetQuotaUses(ctx, now.Add(-keepUses))
	return errors.Join(err,
		inBatches(ctx, q.AllOrgsForgetNotices, now.Add(-keepNotices), noticesAtOnce),
		inBatches(ctx, forgetDigests(q), now.Add(-keepNotices), noticesAtOnce),
		inBatches(ctx, q.AllOrgsForgetStraySteps, now.Add(-keepStrays), straysAtOnce))
}

func forgetDigests(q *queries.Queries) func(context.Context, time.Time) (int64, error) {
	return func(ctx context.Context, before time.Time) (int64, error) {
		return q.AllOrgsForgetDigests(ctx, &before)
	}
}

func inBatches(ctx context.Context, batch func(context.Context, time.Time) (int64, error), before time.Time, size int64) error {
	for {
		n, err := batch(ctx, before)
		if err != nil || n < size {
			return err
		}
	}
}
