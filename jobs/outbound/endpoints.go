package outbound

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
)

// Endpoints changes endpoints on behalf of the people who own them: the change, its jobs and its line in the audit log are
// one transaction.
type Endpoints struct {
	Pool  *pgxpool.Pool
	River *river.Client[pgx.Tx]
	Box   *seal.Box
}

// Asked is who asks for what.
type Asked struct {
	OrgID, UserID, ID uuid.UUID
}

// Make subscribes an address that outside.CheckURL has taken. The secret is in the clear, for showing once.
func (e Endpoints) Make(ctx context.Context, by Asked, name, url string, types []string) (secret string, err error) {
	secret = seal.NewSecret()
	sealed, err := e.Box.Seal([]byte(secret), owner(by.OrgID, by.ID))
	if err != nil {
		return "", fmt.Errorf("make an endpoint: %w", err)
	}
	if types == nil {
		types = []string{}
	}
	return secret, pgx.BeginFunc(ctx, e.Pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		err := q.CreateEndpoint(ctx, queries.CreateEndpointParams{OrgID: by.OrgID, ID: by.ID, Name: name, URL: url, Types: types, SecretSealed: sealed})
		if err != nil {
			return err
		}
		return audit(ctx, q, by, "endpoint.created", name)
	})
}

// secretOverlap is how long the secret before a new one signs too.
const secretOverlap = 24 * time.Hour

// NewSecret makes another secret, shown once; the one before signs beside it for a day.
func (e Endpoints) NewSecret(ctx context.Context, by Asked, now time.Time) (secret string, err error) {
	secret = seal.NewSecret()
	sealed, err := e.Box.Seal([]byte(secret), owner(by.OrgID, by.ID))
	if err != nil {
		return "", fmt.Errorf("make a secret: %w", err)
	}
	return secret, e.change(ctx, by, "endpoint.secret", func(_ pgx.Tx, q *queries.Queries) (int64, error) {
		return q.RollEndpointSecret(ctx, queries.RollEndpointSecretParams{OrgID: by.OrgID, ID: by.ID, UntilThen: now.Add(secretOverlap), SecretSealed: sealed})
	})
}

// Pause holds everything for it.
func (e Endpoints) Pause(ctx context.Context, by Asked) error {
	return e.change(ctx, by, "endpoint.paused", func(_ pgx.Tx, q *queries.Queries) (int64, error) {
		return q.PauseEndpoint(ctx, queries.PauseEndpointParams{OrgID: by.OrgID, ID: by.ID, Why: ""})
	})
}

// Resume sends what was held.
func (e Endpoints) Resume(ctx context.Context, by Asked) error {
	return e.change(ctx, by, "endpoint.resumed", func(tx pgx.Tx, q *queries.Queries) (int64, error) {
		n, err := q.ResumeEndpoint(ctx, queries.ResumeEndpointParams{OrgID: by.OrgID, ID: by.ID})
		if err != nil || n == 0 {
			return n, err
		}
		ids, err := q.ResumeMessages(ctx, queries.ResumeMessagesParams{OrgID: by.OrgID, EndpointID: by.ID})
		if err != nil || len(ids) == 0 {
			return n, err
		}
		_, err = e.River.InsertManyFastTx(ctx, tx, sendings(by.OrgID, ids))
		return n, err
	})
}

// change audits what it changed; what was so already is not told again.
func (e Endpoints) change(ctx context.Context, by Asked, action string, do func(pgx.Tx, *queries.Queries) (int64, error)) error {
	return pgx.BeginFunc(ctx, e.Pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		row, err := q.EndpointByID(ctx, queries.EndpointByIDParams{OrgID: by.OrgID, ID: by.ID})
		if err != nil {
			return err
		}
		n, err := do(tx, q)
		if err != nil || n == 0 {
			return err
		}
		return audit(ctx, q, by, action, row.Name)
	})
}

// Remove forgets the endpoint and its messages.
func (e Endpoints) Remove(ctx context.Context, by Asked) error {
	return pgx.BeginFunc(ctx, e.Pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		name, err := q.RemoveEndpoint(ctx, queries.RemoveEndpointParams{OrgID: by.OrgID, ID: by.ID})
		if err != nil {
			return err
		}
		return audit(ctx, q, by, "endpoint.removed", name)
	})
}

// testData is what a test tells.
const testData = `{"message":"This is a test from WedSync. Nothing happened."}`

// Test sends a message of its own, whatever the endpoint asked for, and says which.
func (e Endpoints) Test(ctx context.Context, by Asked, now time.Time) (uuid.UUID, error) {
	source := uuid.Must(uuid.NewV7())
	id := messageID(by.ID, source)
	return id, e.change(ctx, by, "endpoint.tested", func(tx pgx.Tx, q *queries.Queries) (int64, error) {
		ids, err := q.QueueMessages(ctx, queries.QueueMessagesParams{OrgID: by.OrgID, Ids: []uuid.UUID{id}, EndpointIds: []uuid.UUID{by.ID}, SourceIds: []uuid.UUID{source},
			EventTypes: []string{TestType}, HappenedAt: []time.Time{now}, Data: []string{testData}, Held: []bool{false}})
		if err != nil {
			return 0, err
		}
		_, err = e.River.InsertManyFastTx(ctx, tx, sendings(by.OrgID, ids))
		return 1, err
	})
}

// SendAgain sends a message anew, under the id that it had. held: its endpoint is switched off, so it waits for that to end.
func (e Endpoints) SendAgain(ctx context.Context, by Asked) (held bool, err error) {
	err = pgx.BeginFunc(ctx, e.Pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		m, err := q.MessageByID(ctx, queries.MessageByIDParams{OrgID: by.OrgID, ID: by.ID})
		if err != nil {
			return err
		}
		row, err := q.SendMessageAgain(ctx, queries.SendMessageAgainParams{OrgID: by.OrgID, ID: by.ID, Test: TestType})
		if err == pgx.ErrNoRows {
			return nil // it goes out in a moment anyway
		}
		if err != nil {
			return err
		}
		if held = row.Held; !held {
			if _, err := e.River.InsertTx(ctx, tx, SendArgs{OrgID: by.OrgID, MessageID: by.ID}, nil); err != nil {
				return err
			}
		}
		return audit(ctx, q, by, "message.resent", m.EventType)
	})
	return held, err
}

func audit(ctx context.Context, q *queries.Queries, by Asked, action, detail string) error {
	return q.Audit(ctx, queries.AuditParams{OrgID: by.OrgID, UserID: &by.UserID, Action: action, Subject: by.ID.String(), Detail: detail})
}

// Reseal puts every endpoint's secrets under the newest key, while serving goes on.
func Reseal(ctx context.Context, pool *pgxpool.Pool, box *seal.Box) (int, error) {
	q := queries.New(pool)
	rows, err := q.AllOrgsEndpointSecrets(ctx)
	if err != nil {
		return 0, err
	}
	for i, row := range rows {
		fresh := queries.ResealEndpointParams{OrgID: row.OrgID, ID: row.ID, Before: row.SecretSealed}
		for _, s := range []struct {
			from []byte
			to   *[]byte
		}{{row.SecretSealed, &fresh.SecretSealed}, {row.OldSecretSealed, &fresh.OldSecretSealed}} {
			if s.from == nil {
				continue
			}
			plain, err := box.Open(s.from, owner(row.OrgID, row.ID))
			if err != nil {
				return i, fmt.Errorf("endpoint %s: %w", row.ID, err)
			}
			if *s.to, err = box.Seal(plain, owner(row.OrgID, row.ID)); err != nil {
				return i, err
			}
		}
		if err := q.ResealEndpoint(ctx, fresh); err != nil {
			return i, err
		}
	}
	return len(rows), nil
}

const (
	keepDelivered = 90 * 24 * time.Hour
	pruneBatch    = 2000 // as in AllOrgsPruneMessages
)

// Prune deletes what was delivered long ago, a batch at a time. What was not stays until somebody decides.
func Prune(ctx context.Context, q *queries.Queries, now time.Time) error {
	for {
		n, err := q.AllOrgsPruneMessages(ctx, now.Add(-keepDelivered))
		if err != nil || n < pruneBatch {
			return err
		}
	}
}
