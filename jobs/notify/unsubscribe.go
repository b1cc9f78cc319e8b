package notify

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
)

const unsubscribeOwner = "unsubscribe"

// UnsubscribeToken lets whoever holds a letter stop its kind, and nothing else. It is marked, so nobody can make one for
// somebody else's letter, and it holds as long as the keys. A letter that is written again has the same one: Resend sends a
// letter once under its key only where it is the same, byte for byte.
func UnsubscribeToken(box *seal.Box, org, notification uuid.UUID) (string, error) {
	ids := append(org[:], notification[:]...)
	mark, err := box.Mark(ids, unsubscribeOwner)
	return base64.RawURLEncoding.EncodeToString(append(ids, mark...)), err
}

// ErrNoSuchLetter: the token is not one of ours, or its letter is gone.
var ErrNoSuchLetter = errors.New("notify: no such letter")

// Unsubscription is what a token stops.
type Unsubscription struct {
	OrgID, NotificationID, Recipient uuid.UUID
	Audience                         queries.Audience
	Address, OrgName                 string
	Category                         Category
}

// OpenUnsubscribe reads a token and finds its letter.
func OpenUnsubscribe(ctx context.Context, q *queries.Queries, box *seal.Box, token string) (u Unsubscription, err error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < 32 || !box.Marked(raw[:32], raw[32:], unsubscribeOwner) {
		return u, ErrNoSuchLetter
	}
	u.OrgID, u.NotificationID = uuid.UUID(raw[:16]), uuid.UUID(raw[16:32])
	row, err := q.LetterOf(ctx, queries.LetterOfParams{OrgID: u.OrgID, ID: u.NotificationID})
	if errors.Is(err, pgx.ErrNoRows) {
		return u, ErrNoSuchLetter
	}
	u.Recipient, u.Audience, u.Address, u.OrgName = row.RecipientID, row.Audience, row.Address, row.OrgName
	u.Category, _ = CategoryOf(row.Kind)
	return u, err
}

// Do stops it: one of a team hears no more of that category by e-mail, and a couple is not written to by that supplier.
// Twice is once.
func (u Unsubscription) Do(ctx context.Context, q *queries.Queries, now time.Time) error {
	if u.Audience == queries.AudienceTeam {
		return q.PutPreference(ctx, queries.PutPreferenceParams{OrgID: u.OrgID, UserID: u.Recipient, Category: u.Category.Key, Channel: queries.ChannelEmail, Pace: queries.PaceOff})
	}
	_, err := q.Suppress(ctx, queries.SuppressParams{OrgID: u.OrgID, Channel: queries.ChannelEmail, Address: u.Address, Why: "unsubscribed", Since: now,
		Detail: "They used the link in a letter."})
	return err
}
