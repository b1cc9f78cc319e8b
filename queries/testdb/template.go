package testdb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/migrations"
)

const (
	templatePrefix = "wedsync_template_"
	clonePrefix    = "wedsync_test_"

	// Any number, as long as every test process has the same one.
	buildLock = 7_433_001
)

// clone makes a database of its own. It looks for the template by using it: whoever finds none builds it.
func (s *server) clone(ctx context.Context) (name string, err error) {
	name = newName()
	template := templatePrefix + migrations.Hash()
	err = s.copy(ctx, template, name)
	if code(err) == noSuchDatabase {
		if err := s.build(ctx, template); err != nil {
			return "", fmt.Errorf("template database: %w", err)
		}
		err = s.copy(ctx, template, name)
	}
	return name, err
}

// copy has Postgres copy files, which takes a third of the time of the default, a log record per page.
func (s *server) copy(ctx context.Context, from, to string) error {
	_, err := s.admin.Exec(ctx, "CREATE DATABASE "+quote(to)+" TEMPLATE "+quote(from)+" STRATEGY FILE_COPY")
	return err
}

// drop ends the sessions that the test forgot.
func (s *server) drop(ctx context.Context, name string) error {
	return s.admin.AcquireFunc(ctx, func(c *pgxpool.Conn) error { return drop(ctx, c.Conn(), name) })
}

func drop(ctx context.Context, conn *pgx.Conn, name string) error {
	_, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)")
	return err
}

// build happens once for all processes: the others wait for the lock, and then find the template there.
func (s *server) build(ctx context.Context, template string) error {
	conn, err := s.admin.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", buildLock); err != nil {
		return err
	}
	defer conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", buildLock)

	var built bool
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", template).Scan(&built)
	if err != nil || built {
		return err
	}
	// On this connection only: the pool's other ones may all be waiting for the lock.
	if err := sweep(ctx, conn.Conn()); err != nil {
		return err
	}
	return s.migrateAs(ctx, conn.Conn(), template)
}

// migrateAs works under another name, so that a template is never seen half done.
func (s *server) migrateAs(ctx context.Context, conn *pgx.Conn, template string) error {
	unfinished := newName()
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+quote(unfinished)); err != nil {
		return err
	}
	if err := s.migrate(ctx, unfinished); err != nil {
		return errors.Join(err, drop(context.WithoutCancel(ctx), conn, unfinished))
	}
	// A database that somebody is connected to cannot be copied.
	for _, change := range []string{"ALLOW_CONNECTIONS false", "RENAME TO " + quote(template)} {
		if _, err := conn.Exec(ctx, "ALTER DATABASE "+quote(unfinished)+" "+change); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) migrate(ctx context.Context, database string) error {
	pool, err := pgxpool.New(ctx, s.url(database, "pool_max_conns", "2"))
	if err != nil {
		return err
	}
	defer pool.Close()
	_, err = migrations.Apply(ctx, pool)
	return err
}

func newName() string { return clonePrefix + strings.ToLower(rand.Text()) }

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
