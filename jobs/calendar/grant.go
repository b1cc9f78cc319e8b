package calendar

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/queries"
)

// soonOver is how long before its end an access token is not used any more: clocks differ, and calls take time.
const soonOver = time.Minute

// refreshTime is as long as an access token may take to be renewed.
const refreshTime = 40 * time.Second

// sealFor is what a calendar connection's secrets are sealed for: another connection's row does not open.
func sealFor(org, connection uuid.UUID) string {
	return "calendar/" + org.String() + "/" + connection.String()
}

func (s *Sync) open(sealed []byte, org, connection uuid.UUID) ([]byte, error) {
	plain, err := s.Box.Open(sealed, sealFor(org, connection))
	if err != nil {
		return nil, fmt.Errorf("the secret of calendar connection %s does not open with this keyset: %w", connection, err)
	}
	return plain, nil
}

func (s *Sync) oauth(kind queries.CalendarKind) remote.OAuth {
	p := s.Settings.Of(kind)
	return remote.OAuth{Kind: kind, ClientID: p.ClientID, ClientSecret: p.ClientSecret, AuthURL: p.AuthURL, TokenURL: p.TokenURL,
		Redirect: s.Base.JoinPath("oauth", string(kind), "callback").String()}
}

// grant gives a connection's access token. Providers that rotate refresh tokens take each one once: two that refresh at the
// same moment hold one row, and the second finds what the first one got. The call is made with the row held; it has the door's
// deadline, and only who wants the same grant waits for it.
func (s *Sync) grant(org, connection uuid.UUID) remote.Grant {
	return func(ctx context.Context, stale string) (access string, err error) {
		c, err := queries.New(s.Pool).CalendarConnection(ctx, queries.CalendarConnectionParams{OrgID: org, ID: connection})
		if err != nil {
			return "", err
		}
		if access, ok, err := s.live(org, connection, c.Access, c.AccessUntil, c.ReconnectSince, stale); ok || err != nil {
			return access, err
		}
		one, _ := s.refreshing.LoadOrStore(connection, new(sync.Mutex))
		one.(*sync.Mutex).Lock()
		defer one.(*sync.Mutex).Unlock()
		// Once the provider has given a new token the old one is dead: nobody's impatience may lose the answer.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTime)
		defer cancel()
		var ended *remote.Reconnect
		err = pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
			q := queries.New(tx)
			c, err := q.CalendarConnectionForUpdate(ctx, queries.CalendarConnectionForUpdateParams{OrgID: org, ID: connection})
			if err != nil {
				return err
			}
			var ok bool
			if access, ok, err = s.live(org, connection, c.Access, c.AccessUntil, c.ReconnectSince, stale); ok || err != nil {
				return err
			}
			if access, err = s.refresh(ctx, q, org, c); errors.As(err, &ended) { // what follows from it is kept
				return s.needReconnect(ctx, tx, org, connection, ended.Words, time.Now())
			}
			return err
		})
		if err == nil && ended != nil {
			err = ended
		}
		return access, err
	}
}

// live is an access token that may still be used.
func (s *Sync) live(org, connection uuid.UUID, sealed []byte, until, reconnect *time.Time, stale string) (string, bool, error) {
	if reconnect != nil {
		return "", false, &remote.Reconnect{Words: "This account has to be connected anew."}
	}
	if len(sealed) == 0 || until == nil || time.Until(*until) < soonOver {
		return "", false, nil
	}
	access, err := s.open(sealed, org, connection)
	return string(access), err == nil && string(access) != stale, err
}

func (s *Sync) refresh(ctx context.Context, q *queries.Queries, org uuid.UUID, c queries.CalendarConnectionForUpdateRow) (string, error) {
	secret, err := s.open(c.Secret, org, c.ID)
	if err != nil {
		return "", err
	}
	tokens, err := s.oauth(c.Kind).Refresh(ctx, s.Door, org, string(secret))
	if err != nil {
		return "", err
	}
	keep, err := s.sealTokens(org, c.ID, tokens)
	if err != nil {
		return "", err
	}
	return tokens.Access, q.KeepGrant(ctx, keep)
}

func (s *Sync) sealTokens(org, connection uuid.UUID, t remote.Tokens) (keep queries.KeepGrantParams, err error) {
	keep.OrgID, keep.ID, keep.AccessUntil = org, connection, &t.Until
	if t.Until.IsZero() { // not told: an hour is what both give at least
		until := time.Now().Add(55 * time.Minute)
		keep.AccessUntil = &until
	}
	if keep.Secret, err = s.Box.Seal([]byte(t.Refresh), sealFor(org, connection)); err != nil {
		return keep, err
	}
	keep.Access, err = s.Box.Seal([]byte(t.Access), sealFor(org, connection))
	return keep, err
}
