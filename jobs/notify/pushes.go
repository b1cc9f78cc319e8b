package notify

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/jobs/notify/carrier"
	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
)

// Pushes is Web Push with its key. The key is looked up, or made, at its first use: a node starts also while the database is
// away. A browser's subscription holds for one key only, so all nodes have the same.
type Pushes struct {
	pool    *pgxpool.Pool
	box     *seal.Box
	door    *outside.Door
	given   string
	subject string

	mu   sync.Mutex
	wire *carrier.WebPush
}

const vapidOwner = "vapid"

// Wire is the carrier. It can only fail where our own database does, or the keys.
func (p *Pushes) Wire(ctx context.Context) (*carrier.WebPush, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wire != nil {
		return p.wire, nil
	}
	text, err := p.text(ctx)
	if err != nil {
		return nil, fmt.Errorf("VAPID key: %w", err)
	}
	key, err := carrier.ParseVAPIDKey(text)
	if err != nil {
		return nil, fmt.Errorf("VAPID key: %w", err)
	}
	p.wire = &carrier.WebPush{Door: p.door, Key: key, Subject: p.subject}
	return p.wire, nil
}

// text is the given key, or that which the first node made.
func (p *Pushes) text(ctx context.Context) (string, error) {
	if p.given != "" {
		return p.given, nil
	}
	fresh, err := p.box.Seal([]byte(carrier.NewVAPIDKey()), vapidOwner)
	if err != nil {
		return "", err
	}
	kept, err := queries.New(p.pool).HouseSecret(ctx, queries.HouseSecretParams{Name: vapidOwner, Sealed: fresh})
	if errors.Is(err, pgx.ErrNoRows) { // another node put its own there in the same moment: by now it can be seen
		kept, err = queries.New(p.pool).HouseSecret(ctx, queries.HouseSecretParams{Name: vapidOwner, Sealed: fresh})
	}
	if err != nil {
		return "", err
	}
	plain, err := p.box.Open(kept, vapidOwner)
	return string(plain), err
}
