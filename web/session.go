package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
)

// sessionLife is how long a sign-in holds.
const sessionLife = 30 * 24 * time.Hour

// visitor is who asks. Without a session it is the zero value.
type visitor struct {
	Session  uuid.UUID
	UserID   uuid.UUID
	Person   string
	Email    string
	Verified bool // they have shown that the address is theirs
	OrgID    uuid.UUID
	OrgName  string
	Role     queries.Role // empty for who belongs to no organisation
	Zone     *time.Location
	Currency string
	CoupleID uuid.UUID
}

func visitorOf(c echo.Context) visitor {
	v, _ := c.Get("visitor").(visitor)
	return v
}

// who reads the cookie. No cookie, an unknown one and an expired one are all nobody.
func (s *Server) who(c echo.Context) (visitor, error) {
	cookie, err := c.Cookie(s.cookieName())
	if err != nil {
		return visitor{}, errSignIn
	}
	row, err := s.q.SessionByToken(c.Request().Context(), seal.TokenHash(cookie.Value))
	if errors.Is(err, pgx.ErrNoRows) {
		return visitor{}, errSignIn
	}
	if err != nil {
		return visitor{}, err
	}
	return asVisitor(row), nil
}

func asVisitor(row queries.SessionByTokenRow) visitor {
	v := visitor{Session: row.ID, UserID: row.UserID, Person: row.Person, Email: row.Email, Verified: row.Verified, Zone: time.UTC}
	if row.OrgID != nil && row.Role != nil {
		v.OrgID, v.OrgName, v.Role, v.Currency = *row.OrgID, *row.OrgName, *row.Role, *row.Currency
		if zone, err := time.LoadLocation(*row.Timezone); err == nil {
			v.Zone = zone
		}
	}
	if row.CoupleID != nil {
		v.CoupleID = *row.CoupleID
	}
	return v
}

// isOperator: anybody may open an account under any address, so only one that has been proven opens /ops.
func (s *Server) isOperator(v visitor) bool { return v.Verified && s.operates(v.Email) }

func (s *Server) operates(email string) bool {
	return slices.ContainsFunc(s.config.Operators, func(o string) bool { return strings.EqualFold(o, email) })
}

// signIn begins a new session and ends the one that the browser had: a session somebody planted there beforehand is worth
// nothing. What goes with it is done in the same transaction, first: a link is used, or nobody is signed in by it.
func (s *Server) signIn(c echo.Context, user uuid.UUID, with ...func(pgx.Tx) error) (home string, err error) {
	was, err := s.who(c)
	if err != nil && !errors.Is(err, errSignIn) {
		return "", err
	}
	err = pgx.BeginFunc(c.Request().Context(), s.pool, func(tx pgx.Tx) (err error) {
		for _, do := range with {
			if err := do(tx); err != nil {
				return err
			}
		}
		home, err = s.beginSession(c, queries.New(tx), was.Session, user)
		return err
	})
	return home, err
}

func (s *Server) beginSession(c echo.Context, q *queries.Queries, was, user uuid.UUID) (home string, err error) {
	ctx := c.Request().Context()
	if err := q.EndSession(ctx, was); err != nil {
		return "", err
	}
	at, err := q.HomeOf(ctx, user)
	if err != nil {
		return "", err
	}
	if at.OrgID == nil && at.CoupleID == nil {
		return "", errHomeless
	}
	token, hash := seal.NewToken()
	_, err = q.CreateSession(ctx, queries.CreateSessionParams{TokenSha256: hash, UserID: user, OrgID: at.OrgID, ExpiresAt: time.Now().Add(sessionLife)})
	var gone *pgconn.PgError
	if errors.As(err, &gone) && gone.Code == "23503" {
		return "", errSignIn // they were removed in this very moment
	}
	if err != nil {
		return "", err
	}
	c.SetCookie(s.cookie(token, int(sessionLife.Seconds())))
	if at.OrgID == nil {
		return "/us", nil
	}
	return "/app", nil
}

func (s *Server) signOut(c echo.Context) error {
	if v, err := s.who(c); err == nil {
		if err := s.q.EndSession(c.Request().Context(), v.Session); err != nil {
			return err
		}
		_, here := s.device(c)
		if err := s.q.EndPushesHere(c.Request().Context(), queries.EndPushesHereParams{UserID: v.UserID, DeviceSha256: here}); err != nil {
			return err
		}
		s.config.Waker.Wake(v.UserID)
	}
	c.SetCookie(s.cookie("", -1))
	return c.Redirect(http.StatusSeeOther, "/login")
}

func (s *Server) cookieName() string {
	if s.config.URL.Scheme == "https" {
		return "__Host-wedsync"
	}
	return "wedsync"
}

func (s *Server) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{Name: s.cookieName(), Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.config.URL.Scheme == "https"}
}

// sessionsStand tells the hub which sessions may still see an organisation's pages.
func (s *Server) sessionsStand(ctx context.Context, org uuid.UUID, sessions []uuid.UUID) (map[uuid.UUID]string, error) {
	rows, err := s.q.SessionStands(ctx, queries.SessionStandsParams{SessionIds: sessions, OrgID: org})
	if err != nil {
		return nil, err
	}
	stand := make(map[uuid.UUID]string, len(rows))
	for _, row := range rows {
		stand[row.ID] = string(row.Role)
	}
	return stand, nil
}

// local keeps a "next" address on this site.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.Contains(next, `\`) {
		return ""
	}
	return next
}
