package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// personDone are the words after something was done to one's own account.
var personDone = map[string]string{
	"saved":     "Your name is saved.",
	"proof":     "Your name is saved, and a link is on its way to the new address. It takes its place once you have opened it; until then all is as it was.",
	"sent":      "A link is on its way to your address. It is good for three days.",
	"enough":    "Three links went to you within the hour, and each of them still works. Look into the folder for junk, or ask again in an hour.",
	"proven":    "Your address is confirmed.",
	"invited":   "They are in your team, and have a letter that lets them choose a password of their own.",
	"elsewhere": "You are signed out everywhere else, and links that were under way to you do nothing any more.",
}

var errEnough = errors.New("enough letters went out within the hour")

// account is the part of the settings that is the person's own; what was typed stays in its form.
func (s *Server) account(c echo.Context, v visitor, form *views.PersonForm) (views.PersonView, error) {
	view := views.PersonView{Form: views.PersonForm{Name: v.Person, Email: v.Email}}
	if form != nil {
		view.Form = *form
	}
	var err error
	if view.UnderWay, err = s.q.AddressUnderWay(c.Request().Context(), queries.AddressUnderWayParams{UserID: v.UserID, Email: v.Email}); err != nil {
		return view, err
	}
	view.Devices, view.Others, err = s.devicesOf(c, v)
	return view, err
}

// changePerson takes a new name at once, and a new address once it is proven.
func (s *Server) changePerson(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	form := views.PersonForm{Name: strings.TrimSpace(c.FormValue("name")), Email: strings.TrimSpace(c.FormValue("email")), Faults: views.Faults{}}
	form.Faults.Say(!named(form.Name), "name", "Give your name, up to 120 characters.")
	form.Faults.Say(!addressable(form.Email), "email", noAddress)
	isNew := !strings.EqualFold(form.Email, v.Email)
	if isNew && len(form.Faults) == 0 {
		if err := s.checkNewAddress(c, form); err != nil {
			return err
		}
	}
	if len(form.Faults) > 0 {
		return s.drawSettings(c, http.StatusUnprocessableEntity, views.SettingsView{}, &form)
	}
	done := "saved"
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := queries.New(tx).RenamePerson(ctx, queries.RenamePersonParams{ID: v.UserID, Name: form.Name}); err != nil || !isNew {
			return err
		}
		done = "proof"
		sent, err := s.mailLink(ctx, tx, jobs.Link{UserID: v.UserID, Purpose: queries.TokenPurposeVerify, Address: form.Email})
		if err == nil && !sent {
			return errEnough
		}
		return err
	})
	if errors.Is(err, errEnough) {
		form.Faults.Say(true, "email", "Three links were sent for you within the hour. Try again in an hour; nothing was changed.")
		return s.drawSettings(c, http.StatusUnprocessableEntity, views.SettingsView{}, &form)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/settings?done="+done)
}

func (s *Server) checkNewAddress(c echo.Context, form views.PersonForm) error {
	if err := s.tooManyLetters(c); err != nil {
		return err
	}
	_, err := s.q.UserByEmail(c.Request().Context(), form.Email)
	form.Faults.Say(err == nil, "email", "This address has an account already. Use another address.")
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}
