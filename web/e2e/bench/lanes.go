package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	laneTenants = 100
	laneEach    = 150 // 15,000 deliveries in all
	stormOf     = 20_000
	neighbours  = 200 // deliveries of the other tenant while the storm lasts
)

// benchLanes: what waits in the lanes is applied, by every tenant's worker in turn. The deliveries are put there as the
// door puts them, with nobody to apply them until all are in.
func benchLanes(ctx context.Context, p *program) ([]row, error) {
	rate, err := applyRate(ctx, p)
	if err != nil {
		return nil, err
	}
	waited, took, err := storms(ctx, p)
	if err != nil {
		return nil, err
	}
	return []row{
		{fmt.Sprintf("deliveries applied, %d tenants", laneTenants), "≥ 3,000/s", fmt.Sprintf("%.0f/s", rate), "", kept(rate >= 3000)},
		{"20,000 of one tenant: another's delivery → applied", "p99 ≤ 250 ms", waited.String(), fmt.Sprintf("the storm itself: %.0f/s", stormOf/took.Seconds()), kept(waited.at(.99) <= 250*time.Millisecond)},
	}, nil
}

// lane is a connection without a browser.
type lane struct{ org, connection uuid.UUID }

func (p *program) lane(ctx context.Context, name string) (l lane, err error) {
	l = lane{uuid.New(), uuid.New()}
	err = pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		for _, statement := range []string{
			"INSERT INTO orgs (id, name, category, timezone, currency) VALUES ($1, '" + name + "', 'venue', 'Europe/London', 'GBP')",
			"INSERT INTO connections (org_id, id, provider, token_sha256, token_sealed) VALUES ($1, $2, 'stripe', uuid_send($2), '')",
		} {
			args := []any{l.org, l.connection}
			if statement[:16] == "INSERT INTO orgs" {
				args = args[:1]
			}
			if _, err := tx.Exec(ctx, statement, args...); err != nil {
				return err
			}
		}
		return nil
	})
	return l, err
}

// fill puts payments into a lane, as accepted and waiting.
func (p *program) fill(ctx context.Context, l lane, count int) error {
	now := time.Now()
	_, err := p.pool.CopyFrom(ctx, pgx.Identifier{"webhook_logs"},
		[]string{"org_id", "id", "connection_id", "provider", "event_id", "event_type", "received_at", "content_type", "proof", "body"},
		pgx.CopyFromSlice(count, func(i int) ([]any, error) {
			body := fmt.Appendf(nil, `{"id":"evt_%d","object":"event","type":"payment_intent.succeeded","created":%d,"data":{"object":{"id":"pi_%d","object":"payment_intent",`+
				`"amount":100,"amount_received":100,"currency":"gbp","status":"succeeded","created":%d,"receipt_email":"anna@example.com","metadata":{}}}}`, i, now.Unix(), i, now.Unix())
			return []any{l.org, uuid.Must(uuid.NewV7()), l.connection, "stripe", fmt.Sprintf("evt_%d", i), "payment_intent.succeeded", now, "application/json", "stripe", body}, nil
		}))
	return err
}

// drain queues lanes, all in one commit: from then on the workers have them.
func (p *program) drain(ctx context.Context, lanes ...lane) error {
	return pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		for _, l := range lanes {
			_, err := tx.Exec(ctx, `WITH queued AS (UPDATE lanes SET queued = true WHERE org_id = $1 AND connection_id = $2)
				INSERT INTO river_job (kind, queue, args, max_attempts) VALUES ('drain_lane', 'inbound', jsonb_build_object('org_id', $1::uuid, 'connection_id', $2::uuid), 25)`, l.org, l.connection)
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, "SELECT pg_notify('public.river_insert', '{\"queue\":\"inbound\"}')")
		return err
	})
}

func applyRate(ctx context.Context, p *program) (float64, error) {
	var lanes []lane
	for i := range laneTenants {
		l, err := p.lane(ctx, fmt.Sprintf("Lane %d", i))
		if err != nil {
			return 0, err
		}
		if err := p.fill(ctx, l, laneEach); err != nil {
			return 0, err
		}
		lanes = append(lanes, l)
	}
	if _, err := p.pool.Exec(ctx, "ANALYZE webhook_logs"); err != nil {
		return 0, err
	}
	began := time.Now()
	if err := p.drain(ctx, lanes...); err != nil {
		return 0, err
	}
	if err := p.drained(ctx); err != nil {
		return 0, err
	}
	return laneTenants * laneEach / time.Since(began).Seconds(), nil
}

// storms fills one tenant's lane, and while it is drained sends another's deliveries through the door, one at a time. It
// gives how long each of these took to be applied, by the database's own clock, and how long the storm took.
func storms(ctx context.Context, p *program) (times, time.Duration, error) {
	s, err := p.supplier("neighbour@example.com")
	if err != nil {
		return nil, 0, err
	}
	noisy, err := p.lane(ctx, "Noisy")
	if err != nil {
		return nil, 0, err
	}
	if err := p.fill(ctx, noisy, stormOf); err != nil {
		return nil, 0, err
	}
	began := time.Now()
	if err := p.drain(ctx, noisy); err != nil {
		return nil, 0, err
	}
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	sent, during := 0, 0
	for range neighbours {
		<-tick.C
		sent++
		if status, err := s.pay(http.DefaultClient, int64(sent), 100); err != nil || status != http.StatusAccepted {
			return nil, 0, fmt.Errorf("the neighbour's delivery: %d %v", status, err)
		}
		var left bool
		if err := p.pool.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM webhook_logs WHERE org_id = $1 AND status = 'accepted')", noisy.org).Scan(&left); err != nil {
			return nil, 0, err
		}
		if !left {
			break
		}
		during++
	}
	if err := p.drained(ctx); err != nil {
		return nil, 0, err
	}
	took := time.Since(began)
	if during < 50 {
		return nil, 0, fmt.Errorf("the storm was over after %d of the neighbour's deliveries: too few to tell", during)
	}
	waited, err := p.appliedAfter(ctx, s.org)
	return waited, took, err
}

func (p *program) appliedAfter(ctx context.Context, org string) (times, error) {
	rows, err := p.pool.Query(ctx, "SELECT extract(epoch FROM applied_at - received_at)::float8 FROM webhook_logs WHERE org_id = $1 AND status = 'applied'", org)
	if err != nil {
		return nil, err
	}
	seconds, err := pgx.CollectRows(rows, pgx.RowTo[float64])
	var all times
	for _, s := range seconds {
		all = append(all, time.Duration(s*float64(time.Second)))
	}
	return all.sorted(), err
}
