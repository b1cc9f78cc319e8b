package testdb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/queries/localpg"
)

// Serve is the shared server for queries/testdb/with. What sqlc left in it goes: it takes a database that bears the
// name of the present migrations for a finished one, even when it was interrupted while making it.
func Serve(ctx context.Context) (*localpg.Server, error) {
	local, err := serve(ctx)
	if err != nil {
		return nil, err
	}
	if err := dropIdle(ctx, local.URL(), "sqlc_managed_"); err != nil {
		return nil, errors.Join(err, local.Stop())
	}
	return local, nil
}

func dropIdle(ctx context.Context, url, prefix string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	names, err := list(ctx, conn, "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", prefix)
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)); err != nil && code(err) != inUse {
			return err
		}
	}
	return nil
}

// serve runs, or joins, the throw-away server that all tests of this user share.
func serve(ctx context.Context) (*localpg.Server, error) {
	base, roomy := ramFolder()
	if !roomy {
		base = os.TempDir()
	}
	return localpg.Start(ctx, filepath.Join(base, "wedsync-test-"+strconv.Itoa(os.Getuid())), localpg.Options{
		Volatile: true,
		Database: "postgres",
		Binaries: os.Getenv("WEDSYNC_POSTGRES"),
	})
}
