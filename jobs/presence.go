package jobs

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/queries"
)

// lookAround is how often a node looks for jobs of dead nodes, so it bounds how long a delivery waits after a kill -9.
const lookAround = 2 * time.Second

// presence keeps one connection that says "this node is alive", and sends the jobs of nodes that are not back to the queue.
type presence struct {
	config Config
	back   func(context.Context) // called when the database has been away
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// start returns once the node is known to be alive.
func (p *presence) start(ctx context.Context) error {
	conn, err := p.connect(ctx)
	if err != nil {
		return err
	}
	ctx, p.cancel = context.WithCancel(context.WithoutCancel(ctx))
	p.done.Go(func() { p.keep(ctx, conn) })
	return nil
}

func (p *presence) stop() {
	if p.cancel != nil {
		p.cancel()
		p.done.Wait()
	}
}

func (p *presence) connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, p.config.Pool.Config().ConnConfig.Copy())
	if err != nil {
		return nil, fmt.Errorf("presence: %w", err)
	}
	if err := queries.HoldPresence(ctx, conn, p.config.Node); err != nil {
		conn.Close(ctx)
		return nil, err
	}
	return conn, nil
}

func (p *presence) keep(ctx context.Context, conn *pgx.Conn) {
	tick := time.NewTicker(lookAround)
	defer tick.Stop()
	for {
		conn = p.lookOnce(ctx, conn)
		select {
		case <-tick.C:
		case <-ctx.Done():
			if conn != nil {
				conn.Close(context.WithoutCancel(ctx))
			}
			return
		}
	}
}

// lookOnce gives the connection to go on with: nil after a failure, so that the next look connects anew.
func (p *presence) lookOnce(ctx context.Context, conn *pgx.Conn) *pgx.Conn {
	if conn == nil {
		fresh, err := p.connect(ctx)
		if err != nil {
			return nil // the database is away; readyz tells, and the next look tries again
		}
		conn = fresh
		p.back(ctx)
	}
	n, err := queries.AllOrgsReclaimJobs(ctx, conn, p.config.Node)
	if err != nil {
		conn.Close(context.WithoutCancel(ctx))
		return nil
	}
	if n > 0 {
		p.config.Log.WarnContext(ctx, "jobs of a node that died were taken over", "jobs", n)
	}
	return conn
}
