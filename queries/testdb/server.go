package testdb

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Variable names the server to test on; testdb/with sets it for the command that it runs.
const Variable = "WEDSYNC_TEST_DATABASE_URL"

// server is where this process makes its databases.
type server struct {
	base  *url.URL
	admin *pgxpool.Pool
	stop  func() error
}

// attendance opens the server for the first test and closes it after the last one: Go tells nobody that a test
// process ends, only that a test does.
type attendance struct {
	sync.Mutex
	tests  int
	server *server
}

// The tests of a package meet nowhere else: testing hands nothing from one to the next.
var current attendance

func (a *attendance) enter(ctx context.Context) (*server, error) {
	a.Lock()
	defer a.Unlock()
	if a.tests == 0 {
		s, err := open(context.WithoutCancel(ctx))
		if err != nil {
			return nil, err
		}
		a.server = s
	}
	a.tests++
	return a.server, nil
}

func (a *attendance) leave() error {
	a.Lock()
	defer a.Unlock()
	if a.tests--; a.tests > 0 {
		return nil
	}
	a.server.admin.Close()
	return a.server.stop()
}

func open(ctx context.Context) (*server, error) {
	address, stop := os.Getenv(Variable), func() error { return nil }
	if address == "" {
		local, err := serve(ctx)
		if err != nil {
			return nil, err
		}
		address, stop = local.URL(), local.Stop
	}
	s, err := dial(ctx, address)
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	s.stop = stop
	return s, nil
}

func dial(ctx context.Context, address string) (*server, error) {
	base, err := url.Parse(address)
	if err != nil || base.Scheme != "postgres" && base.Scheme != "postgresql" {
		return nil, fmt.Errorf("%s must be a postgres:// URL", Variable)
	}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, err
	}
	config.MaxConns = 4
	admin, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := admin.Ping(ctx); err != nil {
		admin.Close()
		return nil, err
	}
	return &server{base: base, admin: admin}, nil
}

// url is the server's own, but for the database, with a parameter added.
func (s *server) url(database, parameter, value string) string {
	u := *s.base
	u.Path = "/" + database
	query := u.Query()
	query.Set(parameter, value)
	u.RawQuery = query.Encode()
	return u.String()
}
