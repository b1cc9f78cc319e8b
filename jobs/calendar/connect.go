package calendar

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/oauth2"

	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
)

// Connecting is an account that somebody wants to connect.
type Connecting struct {
	OrgID               uuid.UUID
	By                  *uuid.UUID
	Kind                queries.CalendarKind
	URL, User, Password string         // CalDAV; of a feed the URL alone
	Tokens              *remote.Tokens // Google and Microsoft
	Again               *uuid.UUID     // this one is connected anew
}

// Wrong is what the person can mend.
type Wrong struct{ Field, Words string }

func (w *Wrong) Error() string { return w.Words }

// ErrState is somebody who comes back from a provider without having set out, or too late, or for the second time.
var ErrState = errors.New("this sign-in was not begun here, is too old, or was used already")

const consentTime = 15 * time.Minute

// Begin gives the provider's consent page for this person to go to.
func (s *Sync) Begin(ctx context.Context, org, user uuid.UUID, kind queries.CalendarKind, again *uuid.UUID) (string, error) {
	if kind != queries.CalendarKindGoogle && kind != queries.CalendarKindMicrosoft || !s.Settings.Of(kind).Configured() {
		return "", &Wrong{"kind", "This provider is not configured here. Your operator can do that."}
	}
	state, hash := seal.NewToken()
	verifier := oauth2.GenerateVerifier()
	sealed, err := s.Box.Seal([]byte(verifier), "oauth/"+user.String())
	if err != nil {
		return "", err
	}
	err = queries.New(s.Pool).AddOAuthState(ctx, queries.AddOAuthStateParams{OrgID: org, StateSha256: hash, UserID: user, Kind: kind, ConnectionID: again, Verifier: sealed, ExpiresAt: time.Now().Add(consentTime)})
	return s.oauth(kind).Consent(state, verifier), err
}

// Finish connects the account that a person comes back with.
func (s *Sync) Finish(ctx context.Context, user uuid.UUID, state, code string) (org, connection uuid.UUID, err error) {
	begun, err := queries.New(s.Pool).AllOrgsUseOAuthState(ctx, queries.AllOrgsUseOAuthStateParams{StateSha256: seal.TokenHash(state), UserID: user, Now: time.Now()})
	if errors.Is(err, pgx.ErrNoRows) {
		return org, connection, ErrState
	}
	if err != nil {
		return org, connection, err
	}
	verifier, err := s.Box.Open(begun.Verifier, "oauth/"+user.String())
	if err != nil {
		return org, connection, err
	}
	tokens, err := s.oauth(begun.Kind).Exchange(ctx, s.Door, begun.OrgID, code, string(verifier))
	if err != nil {
		return begun.OrgID, connection, inWords("kind", err)
	}
	connection, err = s.Connect(ctx, Connecting{OrgID: begun.OrgID, By: &user, Kind: begun.Kind, Tokens: &tokens, Again: begun.ConnectionID})
	return begun.OrgID, connection, err
}

// Connect asks an account for its calendars, and keeps it when it answers. The first reading begins at once.
func (s *Sync) Connect(ctx context.Context, c Connecting) (uuid.UUID, error) {
	id := uuid.Must(uuid.NewV7())
	if c.Again != nil {
		id = *c.Again
	}
	account, err := s.opening(id, &c)
	if err != nil {
		return id, err
	}
	found, err := account.Calendars(ctx)
	if err != nil {
		return id, inWords("url", err)
	}
	if len(found) == 0 {
		return id, &Wrong{"url", "It answered, and there is no calendar in it. Make one there first, then connect it here."}
	}
	if graph, is := account.(*remote.Graph); is && c.Tokens.Account == "" {
		if c.Tokens.Account, err = graph.Owner(ctx); err != nil {
			return id, inWords("kind", err)
		}
	}
	keep, err := s.sealed(id, c)
	if err != nil {
		return id, err
	}
	err = pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error { return s.keep(ctx, tx, keep, c, found) })
	s.Waker.Wake(c.OrgID)
	return id, err
}

// opening is an account that is not kept yet.
func (s *Sync) opening(id uuid.UUID, c *Connecting) (remote.Account, error) {
	box := id.String()
	have := func(context.Context, string) (string, error) { return c.Tokens.Access, nil }
	switch c.Kind {
	case queries.CalendarKindGoogle:
		return &remote.Google{Door: s.Door, OrgID: c.OrgID, URL: s.Settings.Google.URL, Grant: have, Box: box}, nil
	case queries.CalendarKindMicrosoft:
		return &remote.Graph{Door: s.Door, OrgID: c.OrgID, URL: s.Settings.Microsoft.URL, Grant: have, Box: box}, nil
	}
	if rest, ok := strings.CutPrefix(c.URL, "webcal://"); ok {
		c.URL = "https://" + rest
	}
	if _, err := outside.CheckURL(c.URL, s.AllowPrivate); err != nil {
		return nil, &Wrong{"url", err.Error()}
	}
	if c.Kind == queries.CalendarKindIcs {
		return &remote.Feed{Door: s.Door, OrgID: c.OrgID, URL: c.URL, Box: box}, nil
	}
	return &remote.CalDAV{Door: s.Door, OrgID: c.OrgID, URL: c.URL, User: c.User, Password: c.Password, Box: box}, nil
}

func (s *Sync) sealed(id uuid.UUID, c Connecting) (keep queries.KeepGrantParams, err error) {
	if c.Tokens != nil {
		return s.sealTokens(c.OrgID, id, *c.Tokens)
	}
	secret := c.Password
	if c.Kind == queries.CalendarKindIcs {
		secret = c.URL // whoever knows a feed's address may read it
	}
	keep.OrgID, keep.ID = c.OrgID, id
	keep.Secret, err = s.Box.Seal([]byte(secret), sealFor(c.OrgID, id))
	return keep, err
}

func (s *Sync) keep(ctx context.Context, tx pgx.Tx, keep queries.KeepGrantParams, c Connecting, found []remote.Calendar) error {
	q := queries.New(tx)
	name := accountName(c, found)
	if c.Again != nil {
		if err := sameAccount(ctx, q, c, found); err != nil {
			return err
		}
		n, err := q.RenewCalendarConnection(ctx, queries.RenewCalendarConnectionParams{OrgID: c.OrgID, ID: keep.ID, Kind: c.Kind, Account: name, Secret: keep.Secret, Access: keep.Access, AccessUntil: keep.AccessUntil})
		if err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("connect anew: %w", pgx.ErrNoRows))
		}
	} else {
		add := queries.AddCalendarConnectionParams{OrgID: c.OrgID, ID: keep.ID, Kind: c.Kind, Account: name, Username: c.User, Secret: keep.Secret, Access: keep.Access, AccessUntil: keep.AccessUntil, CreatedBy: c.By}
		if c.Kind == queries.CalendarKindCaldav {
			add.URL = c.URL
		}
		if _, err := q.AddCalendarConnection(ctx, add); err != nil {
			return fmt.Errorf("connect: %w", err)
		}
	}
	receiver := receives(found)
	for i, f := range found {
		// Of an account's many calendars the main one is about its owner's time; servers that people set up for this hold little else.
		blocks := c.Kind == queries.CalendarKindCaldav || c.Kind == queries.CalendarKindIcs || f.Primary || len(found) == 1
		if err := q.AddCalendar(ctx, queries.AddCalendarParams{OrgID: c.OrgID, ConnectionID: keep.ID, RemoteID: f.ID, Name: f.Name, Timezone: f.Zone, Writable: f.Writable, Blocks: blocks, Receives: i == receiver}); err != nil {
			return fmt.Errorf("connect: %w", err)
		}
	}
	if err := q.Audit(ctx, queries.AuditParams{OrgID: c.OrgID, UserID: c.By, Action: "calendar.connected", Subject: keep.ID.String(), Detail: string(c.Kind)}); err != nil {
		return err
	}
	return s.readAll(ctx, tx, c.OrgID, keep.ID)
}

// sameAccount refuses somebody else's sign-in: its calendars are others, and the ones that were here would seem to be deleted.
func sameAccount(ctx context.Context, q *queries.Queries, c Connecting, found []remote.Calendar) error {
	there, err := q.CalendarsOf(ctx, queries.CalendarsOfParams{OrgID: c.OrgID, ConnectionID: *c.Again})
	if err != nil || len(there) == 0 {
		return err
	}
	counts := func(old queries.CalendarsOfRow) bool { return old.Blocks || old.Receives }
	if !slices.ContainsFunc(there, counts) {
		return nil // nothing depends on it
	}
	for _, old := range there {
		// Others, such as public holidays, are in many accounts.
		if counts(old) && slices.ContainsFunc(found, func(f remote.Calendar) bool { return f.ID == old.RemoteID }) {
			return nil
		}
	}
	return &Wrong{"kind", "That was another account: none of this connection's calendars is in it. Sign in with the account that was connected, or connect this one as a new one."}
}

// receives is which of them bookings are written into: the main one, or else the first that may be written.
func receives(found []remote.Calendar) int {
	first := -1
	for i, f := range found {
		if f.Writable && f.Primary {
			return i
		}
		if f.Writable && first < 0 {
			first = i
		}
	}
	return first
}

func accountName(c Connecting, found []remote.Calendar) string {
	if c.Tokens != nil && c.Tokens.Account != "" {
		return c.Tokens.Account
	}
	if u, err := url.Parse(c.URL); err == nil && u.Host != "" {
		if c.User != "" {
			return c.User + " at " + u.Hostname()
		}
		return u.Hostname()
	}
	for _, f := range found {
		if f.Primary && strings.Contains(f.ID, "@") { // Google's main calendar goes by the person's address
			return f.ID
		}
		if f.Primary {
			return f.Name
		}
	}
	return found[0].Name
}

// readAll queues a reading of each calendar that counts.
func (s *Sync) readAll(ctx context.Context, tx pgx.Tx, org, connection uuid.UUID) error {
	q := queries.New(tx)
	all, err := q.CalendarsOf(ctx, queries.CalendarsOfParams{OrgID: org, ConnectionID: connection})
	if err != nil {
		return err
	}
	for _, c := range all {
		if (c.Blocks || c.Receives) && c.DeletedAt == nil {
			if _, err := s.River.InsertTx(ctx, tx, PullArgs{OrgID: org, CalendarID: c.ID}, nil); err != nil {
				return err
			}
		}
	}
	if err := s.copyAll(ctx, tx, org); err != nil {
		return err
	}
	return touch(ctx, q, org, "calendar")
}

// inWords are what a person is told when an account did not answer as it should.
func inWords(field string, err error) error {
	var reconnect *remote.Reconnect
	var mistaken *remote.Mistaken
	var later *outside.Later
	var refused *outside.Refused
	var open *outside.Open
	switch {
	case errors.As(err, &reconnect):
		return &Wrong{field, reconnect.Words}
	case errors.As(err, &mistaken):
		return &Wrong{field, mistaken.Words}
	case errors.Is(err, remote.ErrNoCalendar):
		return &Wrong{field, "There is no calendar at this address."}
	case errors.Is(err, outside.ErrPrivate):
		return &Wrong{field, "This address leads into a private network, which WedSync does not enter."}
	case errors.As(err, &later), errors.As(err, &refused), errors.As(err, &open):
		return &Wrong{field, "It did not work: " + err.Error() + ". Nothing was kept; try again."}
	}
	return err
}
