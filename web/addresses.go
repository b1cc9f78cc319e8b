package web

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
)

// address is a connection as the door needs it: whose it is, and what may vouch for what comes to it.
type address struct {
	queries.AllOrgsConnectionByTokenRow
	secrets []string
	read    time.Time
}

// addresses remembers connections for a moment: in a storm the look-up and the unsealing would cost more than the delivery.
// A secret that is closed is believed for addressMemory longer; one that is new is found because a delivery that is not
// believed is looked up afresh before it is refused.
type addresses struct {
	mu    sync.Mutex
	known map[string]address // by provider and hash of the token, never the token
}

const (
	addressMemory = time.Second
	mostAddresses = 10_000
)

func (a *addresses) recall(key string, now time.Time) (address, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found, there := a.known[key]
	return found, there && now.Sub(found.read) < addressMemory
}

func (a *addresses) keep(key string, found address) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known == nil || len(a.known) >= mostAddresses {
		a.known = map[string]address{}
	}
	a.known[key] = found
}

// forget makes what was changed here hold at once on this node; others remember for their second.
func (a *addresses) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known = nil
}

// addressOf finds whose address this is. What is not there and what is not this provider's look the same from outside.
func (s *Server) addressOf(ctx context.Context, provider queries.Provider, token string, now time.Time, afresh bool) (address, error) {
	hash := seal.TokenHash(token)
	key := string(provider) + string(hash)
	if found, there := s.addresses.recall(key, now); there && !afresh {
		return found, nil
	}
	if !provider.Valid() {
		return address{}, errNoAddress
	}
	row, err := s.q.AllOrgsConnectionByToken(ctx, queries.AllOrgsConnectionByTokenParams{TokenSha256: hash, Provider: provider})
	if errors.Is(err, pgx.ErrNoRows) {
		return address{}, errNoAddress
	}
	if err != nil {
		return address{}, errors.Join(errAway, err)
	}
	secrets, err := inbound.OpenSecrets(s.config.Box, row.OrgID, row.ID, row.SealedSecrets)
	if err != nil {
		return address{}, err
	}
	found := address{row, secrets, now}
	if row.Proof != queries.SenderProofDoorbell { // a bell needs no secret, so it stops ringing the moment it is turned off
		s.addresses.keep(key, found)
	}
	return found, nil
}
