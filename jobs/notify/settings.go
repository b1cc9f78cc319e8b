package notify

import (
	"context"
	"fmt"
	"net/mail"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/jobs/notify/carrier"
	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
)

// Settings are the carriers as the environment names them. Empty: not configured, and then its channel is skipped.
type Settings struct {
	ResendKey    string // RESEND_API_KEY
	ResendURL    string // RESEND_URL
	ResendSecret string // RESEND_WEBHOOK_SECRET: whsec_…
	SMTPURL      string // SMTP_URL
	MailFrom     string // MAIL_FROM: an address, or a name and an address
	TwilioSID    string // TWILIO_ACCOUNT_SID
	TwilioToken  string // TWILIO_AUTH_TOKEN
	TwilioFrom   string // TWILIO_FROM: a number in E.164, or a messaging service's MG…
	TwilioURL    string // TWILIO_URL
	VAPIDKey     string // VAPID_PRIVATE_KEY; empty: made once and kept, the same for all nodes
}

// Where the carriers are, unless the environment says otherwise.
const (
	ResendURL = "https://api.resend.com"
	TwilioURL = "https://api.twilio.com"
)

// Mails says whether there is anybody who takes e-mail.
func (s Settings) Mails() bool { return s.ResendKey != "" || s.SMTPURL != "" }

// Check names the variable that is wrong, and what it takes.
func (s Settings) Check() error {
	for _, u := range []struct{ name, value, schemes string }{
		{"RESEND_URL", s.ResendURL, "http https"}, {"TWILIO_URL", s.TwilioURL, "http https"}, {"SMTP_URL", s.SMTPURL, "smtp smtps"},
	} {
		if at, err := url.Parse(u.value); u.value != "" && (err != nil || at.Host == "" || !strings.Contains(" "+u.schemes+" ", " "+at.Scheme+" ")) {
			return fmt.Errorf("%s takes an address that begins with %s; it cannot be read as one", u.name, strings.ReplaceAll(u.schemes, " ", ":// or ")+"://")
		}
	}
	if _, err := mail.ParseAddress(s.MailFrom); err != nil && (s.Mails() || s.MailFrom != "") {
		return fmt.Errorf("MAIL_FROM takes the address that mail comes from, such as WedSync <hello@example.com>; it is %q", s.MailFrom)
	}
	for _, v := range []struct{ name, value string }{{"TWILIO_ACCOUNT_SID", s.TwilioSID}, {"TWILIO_AUTH_TOKEN", s.TwilioToken}, {"TWILIO_FROM", s.TwilioFrom}} {
		if v.value == "" && s.TwilioSID+s.TwilioToken+s.TwilioFrom != "" {
			return fmt.Errorf("%s is missing: TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM go together", v.name)
		}
	}
	if s.VAPIDKey != "" {
		if _, err := carrier.ParseVAPIDKey(s.VAPIDKey); err != nil {
			return fmt.Errorf("VAPID_PRIVATE_KEY takes the 32 bytes of a P-256 key in base64url; it cannot be read as one")
		}
	}
	return nil
}

// NewCarriers makes those that are configured. Push always is: its key is made at its first use, when none was given.
func NewCarriers(pool *pgxpool.Pool, box *seal.Box, door *outside.Door, s Settings, base *url.URL) *Carriers {
	c := &Carriers{From: s.MailFrom, Push: &Pushes{pool: pool, box: box, door: door, given: s.VAPIDKey, subject: subject(s.MailFrom, base)}}
	if s.ResendKey != "" {
		c.Resend = &carrier.Resend{Door: door, Key: s.ResendKey, URL: orElse(s.ResendURL, ResendURL)}
	}
	if s.SMTPURL != "" {
		c.SMTP = &carrier.SMTP{Door: door, URL: s.SMTPURL}
	}
	if s.TwilioSID != "" {
		c.Twilio = &carrier.Twilio{Door: door, SID: s.TwilioSID, Token: s.TwilioToken, From: s.TwilioFrom, URL: orElse(s.TwilioURL, TwilioURL)}
	}
	return c
}

// subject is whom a push service may write to about us (RFC 8292).
func subject(from string, base *url.URL) string {
	if a, err := mail.ParseAddress(from); err == nil {
		return "mailto:" + a.Address
	}
	return base.String()
}

// Reseal seals the house's own secrets, and those on their way to people, under the newest key.
func Reseal(ctx context.Context, q *queries.Queries, box *seal.Box) (int, error) {
	rows, err := q.HouseSecrets(ctx)
	if err != nil {
		return 0, err
	}
	for i, row := range rows {
		plain, err := box.Open(row.Sealed, row.Name)
		if err != nil {
			return i, fmt.Errorf("%s: %w", row.Name, err)
		}
		sealed, err := box.Seal(plain, row.Name)
		if err != nil {
			return i, err
		}
		if err := q.ResealHouseSecret(ctx, queries.ResealHouseSecretParams{Name: row.Name, Sealed: sealed, Before: row.Sealed}); err != nil {
			return i, err
		}
	}
	n, err := resealNotices(ctx, q, box)
	return len(rows) + n, err
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
