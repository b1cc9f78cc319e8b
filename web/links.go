package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/views"
)

// link is one that came by mail. Opening its page does nothing, since machines open mail before people do; the button on the
// page uses it.
type link struct {
	queries.LinkByTokenRow
	token   string
	purpose queries.TokenPurpose
	is      linkState
	asks    visitor // who the browser is signed in as already, if anybody
}

type linkState int

const (
	linkGood linkState = iota
	linkUsed
	linkExpired
)

func stateOf(row queries.LinkByTokenRow, now time.Time) linkState {
	switch {
	case row.UsedAt != nil:
		return linkUsed
	case !now.Before(row.ExpiresAt):
		return linkExpired
	default:
		return linkGood
	}
}

// linkOf finds a link, good or not; one that never was is errNoLink.
func (s *Server) linkOf(c echo.Context, purpose queries.TokenPurpose) (link, error) {
	l := link{token: c.Param("token"), purpose: purpose}
	var err error
	l.LinkByTokenRow, err = s.q.LinkByToken(c.Request().Context(), queries.LinkByTokenParams{TokenSha256: seal.TokenHash(l.token), Purpose: purpose})
	if errors.Is(err, pgx.ErrNoRows) {
		return l, errNoLink
	}
	if err != nil {
		return l, err
	}
	l.is = stateOf(l.LinkByTokenRow, time.Now())
	if l.asks, err = s.who(c); err != nil && !errors.Is(err, errSignIn) {
		return l, err
	}
	return l, nil
}

// isOurs: the browser is signed in as the person to whom the link was sent.
func (l link) isOurs() bool { return l.asks.UserID == l.UserID }

func (l link) isTheirAddress() bool { return strings.EqualFold(l.Subject, l.Email) }

// stranger is who else is signed in here.
func (l link) stranger() string {
	if l.isOurs() {
		return ""
	}
	return l.asks.Person
}

func (l link) home() string {
	if l.asks.Role == "" {
		return "/us"
	}
	return "/app"
}

// use makes the link the one that was pressed; of two presses at once the second gets errUsed, and what it began is undone.
func (s *Server) use(ctx context.Context, l link) func(pgx.Tx) error {
	return func(tx pgx.Tx) error {
		q := queries.New(tx)
		if _, err := q.LockPerson(ctx, l.UserID); err != nil {
			return err
		}
		used, err := q.UseLink(ctx, queries.UseLinkParams{TokenSha256: seal.TokenHash(l.token), Purpose: l.purpose})
		if err == nil && used == 0 {
			return errUsed
		}
		return err
	}
}

// mailLink makes a link and has it sent.
func (s *Server) mailLink(ctx context.Context, tx pgx.Tx, l jobs.Link) (sent bool, err error) {
	return jobs.MailLink(ctx, tx, s.config.Jobs.River, s.config.Box, s.config.URL, l, time.Now())
}

// askForLink hands an address to a job. Nobody has looked yet whether it is known, so the answer cannot tell.
func (s *Server) askForLink(c echo.Context, email string, purpose queries.TokenPurpose) error {
	if err := s.tooManyLetters(c); err != nil {
		return err
	}
	_, err := s.config.Jobs.River.Insert(c.Request().Context(), jobs.AskedArgs{Email: email, Purpose: purpose}, nil)
	return err
}

// tooManyLetters bounds what one caller makes us write to others. How much one person is written is counted in the database.
func (s *Server) tooManyLetters(c echo.Context) error {
	if s.letters.strike(c.RealIP(), time.Now()) {
		return errLetters
	}
	return nil
}

// deadLink is the page of a link that does nothing any more: why, and where another comes from.
func (s *Server) deadLink(c echo.Context, is linkState, t views.Trouble) error {
	title, happened := "This link was used", "Each link works once, and this one has been used."
	if is == linkExpired {
		title, happened = "This link has ended", "It was good for a while only, or a newer one was sent after it."
	}
	t.Happened = happened
	return draw(c, http.StatusGone, views.Error(views.Page{Title: title, Demo: s.config.Demo}, t))
}
