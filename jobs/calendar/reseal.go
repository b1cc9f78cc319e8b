package calendar

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
)

// AvailabilityOwner is what the link that shows free days is sealed for, FeedOwner the same of the feed.
func AvailabilityOwner(org uuid.UUID) string { return org.String() + "/availability" }
func FeedOwner(org uuid.UUID) string         { return org.String() + "/feed" }

// Reseal puts the secrets of every connection, and the links that suppliers share, under the newest key, while serving goes on.
func Reseal(ctx context.Context, pool *pgxpool.Pool, box *seal.Box) (n int, err error) {
	q := queries.New(pool)
	connections, err := q.AllOrgsCalendarSecrets(ctx)
	if err != nil {
		return 0, err
	}
	for _, row := range connections {
		owner := sealFor(row.OrgID, row.ID)
		fresh := queries.ResealCalendarParams{OrgID: row.OrgID, ID: row.ID, SecretBefore: row.Secret, AccessBefore: row.Access}
		if fresh.Secret, err = anew(box, row.Secret, owner, &n); err != nil {
			return n, fmt.Errorf("calendar connection %s: %w", row.ID, err)
		}
		if fresh.Access, err = anew(box, row.Access, owner, &n); err != nil {
			return n, fmt.Errorf("calendar connection %s: %w", row.ID, err)
		}
		if err := q.ResealCalendar(ctx, fresh); err != nil {
			return n, err
		}
	}
	links, err := q.AllOrgsSharedLinks(ctx)
	if err != nil {
		return n, err
	}
	for _, row := range links {
		fresh := queries.ResealLinksParams{OrgID: row.ID, AvailabilityBefore: row.AvailabilitySealed, FeedBefore: row.FeedSealed}
		if fresh.Availability, err = anew(box, row.AvailabilitySealed, AvailabilityOwner(row.ID), &n); err != nil {
			return n, fmt.Errorf("links of organisation %s: %w", row.ID, err)
		}
		if fresh.Feed, err = anew(box, row.FeedSealed, FeedOwner(row.ID), &n); err != nil {
			return n, fmt.Errorf("links of organisation %s: %w", row.ID, err)
		}
		if err := q.ResealLinks(ctx, fresh); err != nil {
			return n, err
		}
	}
	return n, nil
}

func anew(box *seal.Box, sealed []byte, owner string, n *int) ([]byte, error) {
	if sealed == nil {
		return nil, nil
	}
	plain, err := box.Open(sealed, owner)
	if err != nil {
		return nil, err
	}
	*n++
	return box.Seal(plain, owner)
}
