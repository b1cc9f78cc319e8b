package testdb

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATEs that are no failures here.
const (
	noSuchDatabase = "3D000"
	notAllowed     = "42501"
	inUse          = "55006"
)

// sweep drops what killed test runs and earlier states of the migrations left behind: all that is older than a day.
func sweep(ctx context.Context, conn *pgx.Conn) error {
	// A database knows no birthday, but its version file is written once. It may be gone by now: hence missing_ok.
	const old = `
		SELECT datname FROM pg_database
		WHERE (starts_with(datname, $1) OR starts_with(datname, $2))
		  AND (pg_stat_file('base/' || oid || '/PG_VERSION', true)).modification < now() - interval '1 day'`
	names, err := list(ctx, conn, old, templatePrefix, clonePrefix)
	if code(err) == notAllowed {
		return nil // a server of somebody else, who does not let us look at files, and sweeps it himself
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := drop(ctx, conn, name); err != nil {
			return err
		}
	}
	return nil
}

func list(ctx context.Context, conn *pgx.Conn, query string, args ...any) ([]string, error) {
	rows, err := conn.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// code is the SQLSTATE of what the server answered, if it did.
func code(err error) string {
	var answered *pgconn.PgError
	if errors.As(err, &answered) {
		return answered.Code
	}
	return ""
}
