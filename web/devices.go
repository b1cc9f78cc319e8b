package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/mail"
)

// deviceLife is how long a browser is known after it last signed in.
const deviceLife = 365 * 24 * time.Hour

func (s *Server) deviceName() string { return s.cookieName() + "-device" }

// device is the browser's own number: the one that it shows, or a new one. It opens nothing. One browser may be that of several
// people, so a number that this person has not been seen with stays.
func (s *Server) device(c echo.Context) (number string, hash []byte) {
	if cookie, err := c.Cookie(s.deviceName()); err == nil && len(cookie.Value) == 43 {
		return cookie.Value, seal.TokenHash(cookie.Value)
	}
	return seal.NewToken()
}

// recognise keeps the browser that signs somebody in, and tells them of one they have not signed in with before. The very
// first is nobody's news.
func (s *Server) recognise(c echo.Context, user uuid.UUID) func(pgx.Tx) error {
	return func(tx pgx.Tx) error {
		ctx, label := c.Request().Context(), browserWords(c.Request().UserAgent())
		number, hash := s.device(c)
		seen, err := queries.New(tx).SeeDevice(ctx, queries.SeeDeviceParams{UserID: &user, DeviceSha256: hash, Label: &label})
		if err != nil {
			return err
		}
		cookie := s.cookie(number, int(deviceLife.Seconds()))
		cookie.Name = s.deviceName()
		c.SetCookie(cookie)
		if !seen.Fresh || seen.Had == 0 {
			return nil
		}
		return s.tell(ctx, tx, user, mail.News{What: "new_device", Detail: label, Path: "/"})
	}
}

// tell writes to the address that a person has now.
func (s *Server) tell(ctx context.Context, tx pgx.Tx, user uuid.UUID, n mail.News) error {
	person, err := queries.New(tx).LockPerson(ctx, user)
	if err != nil {
		return err
	}
	return jobs.TellPerson(ctx, tx, s.config.Jobs.River, s.config.Box, user, person.Email, n, time.Now())
}

// createSignOuts signs somebody out everywhere but here. Who wants that may fear a stranger: what that one has asked for by
// mail ends as well, and their browser would be a new one again.
func (s *Server) createSignOuts(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	_, hash := s.device(c)
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		if _, err := q.LockPerson(ctx, v.UserID); err != nil {
			return err
		}
		if err := q.EndLinks(ctx, v.UserID); err != nil {
			return err
		}
		if err := q.ForgetOtherDevices(ctx, queries.ForgetOtherDevicesParams{UserID: v.UserID, DeviceSha256: hash}); err != nil {
			return err
		}
		_, err := q.EndOtherSessions(ctx, queries.EndOtherSessionsParams{UserID: v.UserID, Session: v.Session})
		return err
	})
	if err != nil {
		return err
	}
	s.config.Waker.Wake(v.UserID)
	return c.Redirect(http.StatusSeeOther, "/app/settings?done=elsewhere")
}

func (s *Server) devicesOf(c echo.Context, v visitor) (all []views.Device, others int64, err error) {
	ctx := c.Request().Context()
	rows, err := s.q.Devices(ctx, v.UserID)
	if err != nil {
		return nil, 0, err
	}
	_, here := s.device(c)
	for _, row := range rows {
		all = append(all, views.Device{Label: row.Label, First: row.FirstSeenAt, Last: row.LastSeenAt, Here: string(row.DeviceSha256) == string(here)})
	}
	others, err = s.q.OtherSessions(ctx, queries.OtherSessionsParams{UserID: v.UserID, Session: v.Session})
	return all, others, err
}

// What a User-Agent says first wins: Edge and Opera also call themselves Chrome, and Chrome calls itself Safari.
var (
	browsers = [][2]string{{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Vivaldi/", "Vivaldi"}, {"FxiOS/", "Firefox"},
		{"Firefox/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chromium/", "Chromium"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}}
	systems = [][2]string{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "a Chromebook"}, {"Windows", "Windows"},
		{"Macintosh", "a Mac"}, {"Linux", "Linux"}}
)

// browserWords says what a browser calls itself. Anybody may write anything there, so only words of ours come out.
func browserWords(agent string) string {
	find := func(names [][2]string) string {
		for _, n := range names {
			if strings.Contains(agent[:min(len(agent), 400)], n[0]) {
				return n[1]
			}
		}
		return ""
	}
	browser, system := find(browsers), find(systems)
	switch {
	case browser == "" && system == "":
		return "A browser that does not say what it is"
	case system == "":
		return browser
	case browser == "":
		return "A browser on " + system
	default:
		return browser + " on " + system
	}
}
