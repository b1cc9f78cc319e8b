package queries

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Pipeline is a transaction in which statements without an answer wait, and are sent together before the next one that has
// an answer, or by Flush: a batch of writes costs one round trip. Their order is kept. An error comes with the flush and
// does not say whose it is. Only for `:exec` queries: the count of rows that `:execrows` promises is not known in time.
type Pipeline struct {
	tx      pgx.Tx
	waiting *pgx.Batch
}

// NewPipeline gives a Pipeline on a transaction that nobody else uses meanwhile.
func NewPipeline(tx pgx.Tx) *Pipeline { return &Pipeline{tx, &pgx.Batch{}} }

// Exec lets the statement wait.
func (p *Pipeline) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	p.waiting.Queue(sql, args...)
	return pgconn.CommandTag{}, nil
}

// Query sends what waits, and then this.
func (p *Pipeline) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if err := p.Flush(ctx); err != nil {
		return nil, err
	}
	return p.tx.Query(ctx, sql, args...)
}

// QueryRow sends what waits, and then this.
func (p *Pipeline) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if err := p.Flush(ctx); err != nil {
		return failedRow{err}
	}
	return p.tx.QueryRow(ctx, sql, args...)
}

// Flush sends what waits.
func (p *Pipeline) Flush(ctx context.Context) error {
	if p.waiting.Len() == 0 {
		return nil
	}
	sent := p.waiting
	p.waiting = &pgx.Batch{}
	if err := p.tx.SendBatch(ctx, sent).Close(); err != nil {
		return fmt.Errorf("%d statements at once: %w", sent.Len(), err)
	}
	return nil
}

type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }
