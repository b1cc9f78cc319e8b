package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// createMagic is "Mail me a link" of the sign-in page: the same answer for every address.
func (s *Server) createMagic(c echo.Context) error {
	email := strings.TrimSpace(c.FormValue("email"))
	if !addressable(email) {
		return s.drawLogin(c, http.StatusUnprocessableEntity, views.SignIn{Email: email, Next: local(c.FormValue("next")), Error: noAddress + " The link goes there."})
	}
	if err := s.askForLink(c, email, queries.TokenPurposeMagicLink); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/login?sent=link")
}

func (s *Server) magicForm(c echo.Context) error {
	l, err := s.linkOf(c, queries.TokenPurposeMagicLink)
	if err != nil {
		return err
	}
	if l.is != linkGood {
		return s.deadMagic(c, l)
	}
	return draw(c, http.StatusOK, views.Magic(s.open("Sign in as "+l.Name, ""), views.LinkPage{Token: l.token, Name: l.Name, Address: l.Subject, Stranger: l.stranger()}))
}

func (s *Server) magic(c echo.Context) error {
	l, err := s.linkOf(c, queries.TokenPurposeMagicLink)
	if err != nil {
		return err
	}
	if l.is != linkGood {
		return s.deadMagic(c, l)
	}
	home, err := s.signIn(c, l.UserID, s.use(c.Request().Context(), l), s.recognise(c, l.UserID))
	if errors.Is(err, errUsed) {
		l.is = linkUsed
		return s.deadMagic(c, l)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, home)
}

// deadMagic: whoever presses twice is in already.
func (s *Server) deadMagic(c echo.Context, l link) error {
	if l.isOurs() {
		return c.Redirect(http.StatusSeeOther, l.home())
	}
	return s.deadLink(c, l.is, views.Trouble{Kept: "If it was you who used it, in this browser, you are signed in: go to the start of WedSync.",
		Do: "Otherwise have another one sent to you; it is there in a moment.", Href: "/login", Label: "Mail me another link"})
}
