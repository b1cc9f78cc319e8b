package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/mail"
)

func (s *Server) verifyForm(c echo.Context) error {
	l, err := s.linkOf(c, queries.TokenPurposeVerify)
	if err != nil {
		return err
	}
	return s.drawVerify(c, l)
}

func (l link) isProven() bool { return l.isTheirAddress() && l.EmailVerifiedAt != nil }

func (s *Server) drawVerify(c echo.Context, l link) error {
	if l.is != linkGood && !l.isProven() {
		return s.deadLink(c, l.is, views.Trouble{Kept: "Nothing was changed.", Do: "Sign in and have a new one sent to you, from Settings.", Href: "/app/settings", Label: "To your settings"})
	}
	page := views.LinkPage{Token: l.token, Name: l.Name, Address: l.Subject, Stranger: l.stranger(), Done: l.isProven()}
	title := "Is this your address?"
	if page.Done {
		title = "Your address is confirmed"
	}
	if s.mustSignIn(l) {
		page.SignIn = "/login?next=" + url.QueryEscape("/verify/"+l.token)
	}
	return draw(c, http.StatusOK, views.Verify(s.open(title, ""), page))
}

// mustSignIn: an operator who confirms, without a second look, an account that a stranger opened under their address would
// hand over /ops. For these addresses the person at the mail must be the one of the account.
func (s *Server) mustSignIn(l link) bool { return s.operates(l.Subject) && !l.isOurs() }

func (s *Server) verify(c echo.Context) error {
	l, err := s.linkOf(c, queries.TokenPurposeVerify)
	if err != nil {
		return err
	}
	if l.isProven() || s.mustSignIn(l) { // its page says so
		return c.Redirect(http.StatusSeeOther, "/verify/"+l.token)
	}
	if l.is != linkGood {
		return s.drawVerify(c, l)
	}
	ctx := c.Request().Context()
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.use(ctx, l)(tx); err != nil {
			return err
		}
		return s.prove(ctx, tx, l)
	})
	if isTaken(err) {
		return draw(c, http.StatusConflict, views.Error(views.Page{Title: "This address has another account", Demo: s.config.Demo}, views.Trouble{
			Happened: l.Subject + " belongs to another account by now.", Kept: "Yours goes on under " + l.Email + ".", Do: "Choose another address, or sign in to the other account.", Href: "/app/settings", Label: "To your settings"}))
	}
	if err != nil && !errors.Is(err, errUsed) {
		return err
	}
	if l.isOurs() && l.asks.Role != "" {
		return c.Redirect(http.StatusSeeOther, "/app/settings?done=proven")
	}
	return c.Redirect(http.StatusSeeOther, "/verify/"+l.token)
}

// prove makes the address theirs. One that takes another's place is told to the other, and ends what was sent there.
func (s *Server) prove(ctx context.Context, tx pgx.Tx, l link) error {
	q := queries.New(tx)
	now, err := q.LockPerson(ctx, l.UserID) // again: the address may have changed since the page was asked for
	if err != nil {
		return err
	}
	l.Email = now.Email
	if l.isTheirAddress() {
		return q.ProveAddress(ctx, queries.ProveAddressParams{ID: l.UserID, Email: l.Email})
	}
	if err := q.EndLinks(ctx, l.UserID); err != nil {
		return err
	}
	if err := q.ProveAddress(ctx, queries.ProveAddressParams{ID: l.UserID, Email: l.Subject}); err != nil {
		return err
	}
	told := mail.News{What: "address_changed", Detail: l.Subject}
	return jobs.TellPerson(ctx, tx, s.config.Jobs.River, s.config.Box, l.UserID, l.Email, told, time.Now())
}

// createVerification is "Send it again".
func (s *Server) createVerification(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	if v.Verified {
		return c.Redirect(http.StatusSeeOther, "/app/settings?done=proven")
	}
	if err := s.tooManyLetters(c); err != nil {
		return err
	}
	done := "enough"
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		sent, err := s.mailLink(ctx, tx, jobs.Link{UserID: v.UserID, Purpose: queries.TokenPurposeVerify})
		if sent {
			done = "sent"
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/settings?done="+done)
}
