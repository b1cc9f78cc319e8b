package web

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/mail"
)

// changeCoupleLetter turns one kind of letter to a supplier's couples on or off; twice the same is once.
func (s *Server) changeCoupleLetter(c echo.Context) error {
	v, ctx, kind, on := visitorOf(c), c.Request().Context(), c.FormValue("kind"), c.FormValue("on") != ""
	key := mail.Key(mail.Kind(kind), mail.Couple)
	if _, _, ok := mail.ReadKey(key); !ok {
		return errNotFound
	}
	done := "off"
	if on {
		done = "on"
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		changed, err := int64(0), error(nil)
		if on {
			changed, err = q.SendToCouples(ctx, queries.SendToCouplesParams{OrgID: v.OrgID, Kind: kind})
		} else {
			changed, err = q.StopSendingToCouples(ctx, queries.StopSendingToCouplesParams{OrgID: v.OrgID, Kind: kind})
		}
		if err != nil || changed == 0 {
			return err
		}
		return q.Audit(ctx, queries.AuditParams{OrgID: v.OrgID, UserID: &v.UserID, Action: "letter." + done, Subject: kind, Detail: letterName(key)})
	})
	if err != nil {
		return err
	}
	to := "/app/wording?done=" + done
	if c.FormValue("letter") == key { // pressed on the letter's own page
		to += "&letter=" + key
	}
	return c.Redirect(http.StatusSeeOther, to)
}

// createWordingTest sends a letter, as it is kept, to who asks for it, by the road that every letter takes.
func (s *Server) createWordingTest(c echo.Context) error {
	v, ctx, letter, now := visitorOf(c), c.Request().Context(), c.FormValue("letter"), time.Now()
	kind, audience, ok := mail.ReadKey(letter)
	if !ok {
		return errNotFound
	}
	to, err := s.testTo(ctx, v)
	if err != nil {
		return err
	}
	if to.Refused != "" {
		return s.drawKeptWording(c, http.StatusUnprocessableEntity, letter)
	}
	if err := s.tooMany(c, "letter test"); err != nil {
		return err
	}
	news, _, err := s.newsAhead(c, kind)
	if err != nil {
		return err
	}
	news.Test, news.At = audience, now
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		return notify.Announce(ctx, tx, s.config.Jobs.River, notify.Notice{OrgID: v.OrgID, ID: uuid.Must(uuid.NewV7()), At: now,
			UserID: &v.UserID, Only: queries.AudiencePerson, News: news})
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/wording?done=tested&letter="+letter)
}

// testTo is where a test goes, or why none can.
func (s *Server) testTo(ctx context.Context, v visitor) (views.WordingTest, error) {
	row, _, err := wishesOf(ctx, s.q, v)
	to := views.WordingTest{To: row.Email}
	switch {
	case !s.config.Carriers.Mails():
		to.Refused = "E-mail is not set up here, so no letter can go out, not even a test. Whoever runs this WedSync can change that."
	case !row.EmailProven:
		to.Refused = "You have not confirmed " + row.Email + " yet, so nothing is sent there. Follow the link in our letter to it, and then send yourself a test."
	case row.EmailLeftAlone != "":
		to.Refused = "Nothing is sent to " + row.Email + ". " + notify.Suppressed(row.EmailLeftAlone, queries.ChannelEmail)
	}
	return to, err
}
