// Package migrations brings a database to the shape this binary needs: our own numbered SQL files and River's tables.
//
// Forward only: a mistake is mended by the next file. Each file runs in a transaction of its own, under one advisory
// lock, so several nodes may start at once. It hides how versions are recorded. Anybody may import it; it imports nothing of ours.
package migrations

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed *.sql
var files embed.FS

// The lock's number means nothing; it only has to be the same in every node.
const advisoryLock = 4_920_611_208

// riverPin is part of Hash, so that test templates are rebuilt when River brings new tables.
const riverPin = "river v0.51.1"

// Apply runs what has not run yet and returns the names of it, ours first.
func Apply(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", advisoryLock); err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	// Without the caller's cancellation: a lock that outlives its migration would stop every other node.
	defer conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", advisoryLock) //nolint:errcheck

	done, err := applyOurs(ctx, conn.Conn())
	if err != nil {
		return done, err
	}
	rivers, err := applyRiver(ctx, pool)
	return append(done, rivers...), err
}

func applyOurs(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	const table = `CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`
	if _, err := conn.Exec(ctx, table); err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	pending, err := pending(ctx, conn)
	if err != nil {
		return nil, err
	}
	var done []string
	for _, name := range pending {
		if err := applyFile(ctx, conn, name); err != nil {
			return done, fmt.Errorf("migrate %s: %w", name, err)
		}
		done = append(done, name)
	}
	return done, nil
}

func applyFile(ctx context.Context, conn *pgx.Conn, name string) error {
	text, err := files.ReadFile(name)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, string(text)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "INSERT INTO schema_migrations (name) VALUES ($1)", name)
		return err
	})
}

func applyRiver(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return nil, fmt.Errorf("migrate river: %w", err)
	}
	result, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	if err != nil {
		return nil, fmt.Errorf("migrate river: %w", err)
	}
	var done []string
	for _, v := range result.Versions {
		done = append(done, fmt.Sprintf("river %d %s", v.Version, v.Name))
	}
	return done, nil
}

// Pending names our files that the database has not seen; readiness asks for it.
func Pending(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	return pending(ctx, pool)
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func pending(ctx context.Context, db querier) ([]string, error) {
	rows, err := db.Query(ctx, "SELECT name FROM schema_migrations")
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	applied, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	return slices.DeleteFunc(names(), func(n string) bool { return slices.Contains(applied, n) }), nil
}

// Hash changes whenever a migrated database would look different.
func Hash() string {
	h := sha256.New()
	h.Write([]byte(riverPin))
	for _, name := range names() {
		text, err := files.ReadFile(name)
		if err != nil {
			panic(err) // embedded above: cannot be missing
		}
		fmt.Fprintf(h, "\n%s %d\n", name, len(text))
		h.Write(text)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

func names() []string {
	found, err := fs.Glob(files, "*.sql")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	slices.Sort(found)
	return found
}
