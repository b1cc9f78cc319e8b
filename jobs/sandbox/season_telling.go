package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/mail"
)

// Colleague is somebody made up who works for the first supplier. They sleep at night, and want payments in one letter a day.
var Colleague = struct{ Name, Email string }{"Sam Okafor", "sam@demo.example"}

// reach gives somebody a proven number and a phone that takes pushes.
func (w *World) reach(ctx context.Context, q *queries.Queries, user uuid.UUID, name string, number int, now time.Time) error {
	if err := q.SetPhone(ctx, queries.SetPhoneParams{ID: user, Phone: fmt.Sprintf("+4477009009%02d", number)}); err != nil {
		return err
	}
	if err := q.ProvePhone(ctx, queries.ProvePhoneParams{ID: user, At: now}); err != nil {
		return err
	}
	d := w.Push.NewDevice(name + "’s phone")
	_, err := q.SavePushSubscription(ctx, queries.SavePushSubscriptionParams{UserID: user, Endpoint: d.Endpoint, P256dh: d.P256dh, Auth: d.Auth, Timezone: "Europe/London", Label: d.Label})
	return err
}

// seedColleague is who works for the first supplier.
func (w *World) seedColleague(ctx context.Context, q *queries.Queries, org uuid.UUID, hash string, now time.Time) error {
	user, err := q.AddMember(ctx, queries.AddMemberParams{OrgID: org, Email: Colleague.Email, Name: Colleague.Name, PasswordHash: hash, Role: queries.RoleStaff, Verified: true})
	if err != nil {
		return err
	}
	from, until := int16(21*60), int16(7*60)
	if _, err := q.KeepHours(ctx, queries.KeepHoursParams{ID: user, Timezone: "Europe/London", QuietFrom: &from, QuietUntil: &until}); err != nil {
		return err
	}
	err = q.PutPreference(ctx, queries.PutPreferenceParams{OrgID: org, UserID: user, Category: "payments", Channel: queries.ChannelEmail, Pace: queries.PaceDaily})
	if err != nil {
		return err
	}
	return w.reach(ctx, q, user, Colleague.Name, 9, now)
}

// The florist has words of their own for one letter, a look for all of them, and four that go to couples.
var (
	florists = mail.Wording{Subject: "Thank you, {{couple}}", Opening: "Dear {{couple}},\n\n{{news}} It lets us order your flowers early, and that is half of what makes them good.",
		Closing: "With love from the workshop,\nThea and everybody at {{supplier}}"}
	look      = queries.SetLookParams{Colour: "#4f7a5b", ReplyTo: "flowers@demo.example"}
	toCouples = []mail.Kind{mail.Booking, mail.Payment, mail.WeddingWeek, mail.WeddingDayChange}
)

// seedLetters has the florist write to couples, and a busy month behind them: the day's e-mails are nearly used.
func seedLetters(ctx context.Context, q *queries.Queries, org, user uuid.UUID, now time.Time) error {
	theirs := look
	theirs.OrgID = org
	if err := q.SetLook(ctx, theirs); err != nil {
		return err
	}
	for _, kind := range toCouples {
		if _, err := q.SendToCouples(ctx, queries.SendToCouplesParams{OrgID: org, Kind: string(kind)}); err != nil {
			return err
		}
	}
	err := q.KeepWording(ctx, queries.KeepWordingParams{OrgID: org, Letter: mail.Key(mail.Payment, mail.Couple), Subject: florists.Subject, Opening: florists.Opening, Closing: florists.Closing, UpdatedBy: &user})
	if err != nil {
		return err
	}
	uses := queries.PutQuotaUsesParams{OrgID: org}
	y, m, d := now.In(london).Date()
	for ago := range 30 {
		day := time.Date(y, m, d-ago, 0, 0, 0, 0, time.UTC)
		email, sms, push := 18+ago*37%41, ago*5%9, 6+ago*11%17
		if ago == 0 {
			email = 79
		} else if day.Weekday() == time.Sunday {
			email, sms = email/4, 0
		}
		uses.Days, uses.Emails, uses.Texts, uses.Pushes = append(uses.Days, day), append(uses.Emails, int32(email)), append(uses.Texts, int32(sms)), append(uses.Pushes, int32(push))
	}
	return q.PutQuotaUses(ctx, uses)
}

// nearWedding is a booking of this week that a button moves.
type nearWedding struct{ n, hour int }

// thisWeek is a day that is near whenever it is asked for: the next Saturday, or on a Saturday the next Friday.
func thisWeek(now time.Time) time.Time {
	day := nextSaturday(now.AddDate(0, 0, 1))
	if now.Weekday() == time.Saturday {
		return day.AddDate(0, 0, -1)
	}
	return day
}

// moved moves the wedding of this week by an hour, and the next time back.
func moved(w *World, org string, n int, now time.Time) []byte {
	at, known := w.near[org]
	if !known {
		at.n = n // of an organisation that has no season
	}
	if at.hour == 13 {
		at.hour = 14
	} else {
		at.hour = 13
	}
	w.near[org] = at
	return bookingBody(fmt.Sprintf("sandbox-%d", n), "booking.updated", at.n, thisWeek(now), at.hour, "confirmed", now)
}

// nears lets the world know which booking an organisation's season began with, and when it is.
func (w *World) nears(org uuid.UUID, number, hour int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.near[org.String()] = nearWedding{number*1000 + 1, hour}
}

// recall finds after a restart where the weddings of this week were left.
func (w *World) recall(ctx context.Context, q *queries.Queries, now time.Time) error {
	for i, s := range Suppliers {
		user, err := q.UserByEmail(ctx, s.Email)
		if err != nil {
			return err
		}
		home, err := q.HomeOf(ctx, user.ID)
		if err != nil || home.OrgID == nil {
			return err
		}
		next, err := q.WeddingAhead(ctx, queries.WeddingAheadParams{OrgID: *home.OrgID, Now: &now})
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		hour := 13
		if next.StartsLocal != nil {
			hour = next.StartsLocal.Hour()
		}
		w.nears(*home.OrgID, i, hour)
	}
	return nil
}

// newest is the last thing of a season: the wedding of this week has just moved, so that there is something to read in the
// outbox from the first minute.
func newest(add func(queries.Provider, time.Time, []byte), s Supplier, number int, now time.Time) {
	at := now.Add(-20 * time.Minute).Truncate(time.Minute)
	n := number*1000 + 1
	add(s.Providers[1], at, bookingBody(fmt.Sprintf("season-moved-%d", n), "booking.updated", n, thisWeek(now), 13, "confirmed", at))
}
