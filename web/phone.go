package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/mail"
)

const (
	codeLife     = 10 * time.Minute
	mostTries    = 5
	codesPerHour = 3
	samePress    = 20 * time.Second // whoever asks again so soon has pressed twice
)

// createPhone keeps a number, which is nobody's until its code comes back, and sends the code. The number that is proven
// already is left as it is.
func (s *Server) createPhone(c echo.Context) error {
	v, ctx, text, now := visitorOf(c), c.Request().Context(), c.FormValue("phone"), time.Now()
	row, _, err := wishesOf(ctx, s.q, v)
	if err != nil {
		return err
	}
	number, fault := notify.ParsePhone(text, row.Region)
	done := "code"
	if fault == "" {
		err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
			if notify.Allowance(row.Tier, queries.ChannelSms) == 0 {
				done = "number"
				return s.keepNumber(ctx, tx, v.UserID, number)
			}
			done, fault, err = s.sendCode(ctx, tx, v.UserID, number, now)
			return err
		})
	}
	if err != nil {
		return err
	}
	if fault != "" {
		return s.drawPreferences(c, http.StatusUnprocessableEntity, typed{phone: &text, faults: views.Faults{"phone": fault}})
	}
	return c.Redirect(http.StatusSeeOther, "/app/preferences?done="+done)
}

func (s *Server) keepNumber(ctx context.Context, tx pgx.Tx, user uuid.UUID, number string) error {
	q := queries.New(tx)
	held, err := q.HoldPhone(ctx, user)
	if err != nil || held.Phone == number {
		return err
	}
	return q.SetPhone(ctx, queries.SetPhoneParams{ID: user, Phone: number})
}

// sendCode counts under the lock of the person's row, so that ten presses at once are not ten codes.
func (s *Server) sendCode(ctx context.Context, tx pgx.Tx, user uuid.UUID, number string, now time.Time) (done, fault string, err error) {
	q := queries.New(tx)
	held, err := q.HoldPhone(ctx, user)
	if err != nil || held.Phone == number && held.Proven {
		return "proven", "", err
	}
	if twice, err := q.CodesSince(ctx, queries.CodesSinceParams{UserID: user, Subject: number, CreatedAt: now.Add(-samePress)}); err != nil || twice > 0 {
		return "code", "", err
	}
	sent, err := q.CodesSince(ctx, queries.CodesSinceParams{UserID: user, CreatedAt: now.Add(-time.Hour)})
	if err != nil {
		return "", "", err
	}
	if sent >= codesPerHour {
		return "", "Three codes went out within the hour, and that is as many as we send. Your number is as it was. Try again in an hour.", nil
	}
	if held.Phone != number {
		if err := q.SetPhone(ctx, queries.SetPhoneParams{ID: user, Phone: number}); err != nil {
			return "", "", err
		}
	}
	code, now, ends := newCode(), now.Truncate(time.Microsecond), now.Add(codeLife)
	err = q.AddCode(ctx, queries.AddCodeParams{TokenSha256: codeHash(user, number, now, code), UserID: user, Subject: number, CreatedAt: now, ExpiresAt: ends})
	if err != nil {
		return "", "", err
	}
	notice, err := notify.Notice{OrgID: queries.House, ID: uuid.Must(uuid.NewV7()), At: now, UserID: &user,
		News: mail.News{Kind: mail.Security, What: "phone_code", Code: code, At: now, Ends: &ends, Path: "/app/preferences"}}.Sealed(s.config.Box)
	if err != nil {
		return "", "", err
	}
	return "code", "", notify.Announce(ctx, tx, s.config.Jobs.River, notice)
}

func newCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // crypto/rand does not fail on any system that we run on
	}
	return fmt.Sprintf("%06d", n)
}

// codeHash holds the person, the number and the moment as well: a million codes are soon tried, and two people may be sent
// the same one.
func codeHash(user uuid.UUID, number string, at time.Time, code string) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d %s", user, number, at.UnixMicro(), code))
	return sum[:]
}

// provePhone tries a code. A wrong one is counted in a transaction that commits, whatever the answer.
func (s *Server) provePhone(c echo.Context) error {
	v, ctx, now := visitorOf(c), c.Request().Context(), time.Now()
	code := strings.NewReplacer(" ", "", "-", "").Replace(c.FormValue("code"))
	fault := ""
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		held, err := q.HoldPhone(ctx, v.UserID)
		if err != nil || held.Proven {
			return err // a second press of the button
		}
		last, err := q.LatestCode(ctx, v.UserID)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		var right bool
		if right, fault = judgeCode(last, v.UserID, held.Phone, code, now); right {
			if err := q.UseCode(ctx, queries.UseCodeParams{TokenSha256: last.TokenSha256, At: now}); err != nil {
				return err
			}
			return q.ProvePhone(ctx, queries.ProvePhoneParams{ID: v.UserID, At: now})
		}
		return q.CountWrongCode(ctx, last.TokenSha256)
	})
	if err != nil {
		return err
	}
	if fault != "" {
		return s.drawPreferences(c, http.StatusUnprocessableEntity, typed{faults: views.Faults{"code": fault}})
	}
	return c.Redirect(http.StatusSeeOther, "/app/preferences?done=proven")
}

// judgeCode says whether this is the code that counts now, or why not.
func judgeCode(last queries.LatestCodeRow, user uuid.UUID, number, code string, now time.Time) (right bool, fault string) {
	switch {
	case !codeCounts(last, number, now):
		return false, "No code counts any more: it is older than ten minutes, was tried five times, or a newer number took its place. Have a new one sent."
	case subtle.ConstantTimeCompare(last.TokenSha256, codeHash(user, number, last.CreatedAt, code)) == 1:
		return true, ""
	case last.Tries+1 >= mostTries:
		return false, "This was the fifth wrong code, so it counts no more. Have a new one sent."
	default:
		return false, "This is not the code that we sent. Look at the newest message from us; you have " + tries(mostTries-1-int(last.Tries)) + " left."
	}
}

func codeCounts(last queries.LatestCodeRow, number string, now time.Time) bool {
	return number != "" && last.Subject == number && last.UsedAt == nil && last.Tries < mostTries && now.Before(last.ExpiresAt)
}

func tries(n int) string {
	if n == 1 {
		return "one try"
	}
	return fmt.Sprintf("%d tries", n)
}

// codeWaits says whether a code for this number is out.
func (s *Server) codeWaits(ctx context.Context, user uuid.UUID, number string, now time.Time) (bool, error) {
	last, err := s.q.LatestCode(ctx, user)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil && codeCounts(last, number, now), err
}

func (s *Server) removePhone(c echo.Context) error {
	if err := s.q.SetPhone(c.Request().Context(), queries.SetPhoneParams{ID: visitorOf(c).UserID}); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/preferences?done=removed")
}
