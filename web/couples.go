package web

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/views"
)

// NewCouple is what it takes to open a couple's account.
type NewCouple struct{ Names, Email, Password, Date, Timezone, Venue string }

// OpenCouple opens the account for whoever works at the command line, who vouches for the address. Faults come back as values; an error is something else.
func OpenCouple(ctx context.Context, pool *pgxpool.Pool, n NewCouple) (queries.CreateCoupleRow, views.Faults, error) {
	faults := views.Faults{}
	say := func(wrong bool, field, words string) {
		if wrong && faults[field] == "" {
			faults[field] = words
		}
	}
	day, dateErr := time.Parse(time.DateOnly, n.Date)
	say(!named(n.Names), "names", "Give both names, such as Anna & Tom.")
	say(dateErr != nil, "date", "Give the day as 2027-06-12.")
	say(!isZone(n.Timezone), "timezone", "Give a time zone such as Europe/London.")
	checkSignIn(say, n.Email, n.Password)
	if len(faults) > 0 {
		return queries.CreateCoupleRow{}, faults, nil
	}
	row, err := queries.New(pool).CreateCouple(ctx, queries.CreateCoupleParams{Names: strings.TrimSpace(n.Names), Email: n.Email,
		PasswordHash: seal.HashPassword(n.Password), HeldOn: day, Timezone: n.Timezone, Venue: n.Venue, Verified: true})
	if isTaken(err) {
		return row, taken, nil
	}
	return row, nil, err
}
