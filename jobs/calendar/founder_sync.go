// Package calendar stands in until the real one is merged.
package calendar

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
)

type Settings struct{ Google, Microsoft Provider }

type Provider struct{ ClientID, ClientSecret, URL, AuthURL, TokenURL string }

func (p Provider) Configured() bool { return p.ClientID != "" && p.ClientSecret != "" }

type Sync struct {
	Pool         *pgxpool.Pool
	Box          *seal.Box
	Door         *outside.Door
	Settings     Settings
	Base         *url.URL
	Log          *slog.Logger
	Waker        *queries.Waker
	River        *river.Client[pgx.Tx]
	AllowPrivate bool
}

type Connecting struct {
	OrgID               uuid.UUID
	By                  *uuid.UUID
	Kind                queries.CalendarKind
	URL, User, Password string
	Again               *uuid.UUID
}

type Wrong struct{ Field, Words string }

func (w *Wrong) Error() string { return w.Words }

var ErrState = errors.New("unknown, used, old or of somebody else")

func (s *Sync) Connect(ctx context.Context, c Connecting) (uuid.UUID, error) {
	at, err := outside.CheckURL(strings.Replace(c.URL, "webcal://", "https://", 1), s.AllowPrivate)
	if err != nil {
		return uuid.Nil, &Wrong{"url", err.Error()}
	}
	if c.Password == "wrong" {
		return uuid.Nil, &Wrong{"password", "The server did not take this password."}
	}
	if c.Again != nil {
		_, err := s.Pool.Exec(ctx, "UPDATE calendar_connections SET reconnect_since = NULL, failure = '' WHERE org_id = $1 AND id = $2", c.OrgID, *c.Again)
		return *c.Again, err
	}
	var id uuid.UUID
	err = s.Pool.QueryRow(ctx, "INSERT INTO calendar_connections (org_id, kind, account, url, username) VALUES ($1, $2, $3, $4, $5) RETURNING id", c.OrgID, c.Kind, at.Host, c.URL, c.User).Scan(&id)
	if err == nil {
		_, err = s.Pool.Exec(ctx, "INSERT INTO calendars (org_id, connection_id, remote_id, name) VALUES ($1, $2, 'feed', 'Calendar')", c.OrgID, id)
	}
	return id, err
}

func (s *Sync) provider(kind queries.CalendarKind) Provider {
	if kind == queries.CalendarKindGoogle {
		return s.Settings.Google
	}
	return s.Settings.Microsoft
}

func (s *Sync) Begin(ctx context.Context, org, user uuid.UUID, kind queries.CalendarKind, again *uuid.UUID) (string, error) {
	state, hash := seal.NewToken()
	_, err := s.Pool.Exec(ctx, "INSERT INTO oauth_states (state_sha256, org_id, user_id, kind, connection_id, verifier, expires_at) VALUES ($1, $2, $3, $4, $5, '', now() + interval '10 minutes')", hash, org, user, kind, again)
	return s.provider(kind).AuthURL + "?state=" + state, err
}

func (s *Sync) Finish(ctx context.Context, user uuid.UUID, state, code string) (org, connection uuid.UUID, err error) {
	var kind queries.CalendarKind
	err = s.Pool.QueryRow(ctx, "DELETE FROM oauth_states WHERE state_sha256 = $1 AND user_id = $2 AND expires_at > $3 RETURNING org_id, kind", seal.TokenHash(state), user, time.Now()).Scan(&org, &kind)
	if err != nil {
		return org, connection, ErrState
	}
	if code == "bad" {
		return org, connection, &remote.Reconnect{Words: "Google did not accept the sign-in: it was too old, or was used already. Connect again."}
	}
	err = s.Pool.QueryRow(ctx, "INSERT INTO calendar_connections (org_id, kind, account) VALUES ($1, $2, 'anna@example.com') RETURNING id", org, kind).Scan(&connection)
	return org, connection, err
}

func (s *Sync) one(ctx context.Context, sql string, args ...any) error {
	tag, err := s.Pool.Exec(ctx, sql, args...)
	if err == nil && tag.RowsAffected() == 0 {
		return pgx.ErrNoRows
	}
	return err
}

func (s *Sync) Pause(ctx context.Context, org, connection uuid.UUID, paused bool) error {
	return s.one(ctx, "UPDATE calendar_connections SET paused_at = CASE WHEN $3 THEN now() END WHERE org_id = $1 AND id = $2", org, connection, paused)
}

func (s *Sync) Disconnect(ctx context.Context, org, connection uuid.UUID, by *uuid.UUID) error {
	return s.one(ctx, "DELETE FROM calendar_connections WHERE org_id = $1 AND id = $2", org, connection)
}

func (s *Sync) PullNow(ctx context.Context, org, calendar uuid.UUID) error {
	return s.one(ctx, "UPDATE calendars SET next_pull_at = now() WHERE org_id = $1 AND id = $2", org, calendar)
}

func (s *Sync) Reconsider(ctx context.Context, org, calendar uuid.UUID) error { return nil }

func (s *Sync) HearGoogle(ctx context.Context, channelID, resourceID, token string) (bool, error) {
	return false, nil
}

func (s *Sync) HearMicrosoft(ctx context.Context, n []remote.Notification) error { return nil }

func (s *Sync) Resolve(ctx context.Context, org, conflict uuid.UUID, resolution string, by uuid.UUID) error {
	return s.one(ctx, "UPDATE sync_conflicts SET resolved_at = now(), resolution = $3, resolved_by = $4, undo = '{}' WHERE org_id = $1 AND id = $2 AND resolved_at IS NULL", org, conflict, resolution, by)
}

func (s *Sync) Undo(ctx context.Context, org, conflict uuid.UUID, by uuid.UUID) error {
	return s.one(ctx, "UPDATE sync_conflicts SET resolved_at = NULL, resolution = '', undone_at = now() WHERE org_id = $1 AND id = $2 AND resolved_at IS NOT NULL", org, conflict)
}
