package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/mail"
)

func (s *Server) forgotForm(c echo.Context) error {
	return s.drawForgot(c, http.StatusOK, views.ForgotForm{Email: c.QueryParam("email"), Sent: c.QueryParam("sent") != ""})
}

func (s *Server) drawForgot(c echo.Context, status int, f views.ForgotForm) error {
	title, lead := "A new password", "We mail you a link, and you choose it there."
	if f.Sent {
		title, lead = "Look into your mail", ""
	}
	return draw(c, status, views.Forgot(s.open(title, lead), f))
}

// forgot answers alike, and as fast, whether anybody has the address or not.
func (s *Server) forgot(c echo.Context) error {
	email := strings.TrimSpace(c.FormValue("email"))
	if !addressable(email) {
		return s.drawForgot(c, http.StatusUnprocessableEntity, views.ForgotForm{Email: email, Fault: noAddress})
	}
	if err := s.askForLink(c, email, queries.TokenPurposeReset); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/forgot?sent=link")
}

func (s *Server) resetForm(c echo.Context) error {
	l, err := s.linkOf(c, queries.TokenPurposeReset)
	if err != nil {
		return err
	}
	return s.drawReset(c, http.StatusOK, l, "")
}

func (s *Server) drawReset(c echo.Context, status int, l link, fault string) error {
	if l.is != linkGood {
		return s.deadLink(c, l.is, views.Trouble{Kept: "The password is as it was last set.", Do: "Sign in with it, or have a new link sent to you.", Href: "/forgot", Label: "Mail me a new link"})
	}
	return draw(c, status, views.Reset(s.open("Choose your password", ""), views.LinkPage{Token: l.token, Name: l.Name, Address: l.Email, Stranger: l.stranger(), Fault: fault}))
}

// reset sets the password, and whoever else was in is out.
func (s *Server) reset(c echo.Context) error {
	l, err := s.linkOf(c, queries.TokenPurposeReset)
	if err != nil {
		return err
	}
	faults := views.Faults{}
	checkPassword(faults.Say, c.FormValue("password"))
	if l.is != linkGood || len(faults) > 0 {
		return s.drawReset(c, http.StatusUnprocessableEntity, l, faults["password"])
	}
	hash := seal.HashPassword(c.FormValue("password")) // before the transaction: it takes a while
	home, err := s.signIn(c, l.UserID, s.use(c.Request().Context(), l), s.changePassword(c, l, hash), s.recognise(c, l.UserID))
	if errors.Is(err, errUsed) {
		l.is = linkUsed
		return s.drawReset(c, http.StatusGone, l, "")
	}
	if err != nil {
		return err
	}
	s.config.Waker.Wake(l.UserID)
	return c.Redirect(http.StatusSeeOther, home)
}

// changePassword also ends every other link that is under way: a stranger may have asked, in this person's name, for another
// address. The link came by mail, so it proves the address as well.
func (s *Server) changePassword(c echo.Context, l link, hash string) func(pgx.Tx) error {
	ctx := c.Request().Context()
	return func(tx pgx.Tx) error {
		q := queries.New(tx)
		if err := q.SetPassword(ctx, queries.SetPasswordParams{ID: l.UserID, PasswordHash: hash}); err != nil {
			return err
		}
		if l.isTheirAddress() && l.EmailVerifiedAt == nil {
			if err := q.ProveAddress(ctx, queries.ProveAddressParams{ID: l.UserID, Email: l.Email}); err != nil {
				return err
			}
		}
		if err := q.EndLinks(ctx, l.UserID); err != nil {
			return err
		}
		if _, err := q.EndOtherSessions(ctx, queries.EndOtherSessionsParams{UserID: l.UserID, Session: uuid.Nil}); err != nil {
			return err
		}
		return s.tell(ctx, tx, l.UserID, mail.News{What: "password_changed", Detail: browserWords(c.Request().UserAgent()), Path: "/login"})
	}
}
