package jobs

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/views/mail"
)

// How long links are good. A password's and a sign-in's are asked for by somebody who waits; the others lie in a mailbox
// until there is time.
const (
	VerifyLife = 3 * 24 * time.Hour
	InviteLife = 3 * 24 * time.Hour
	ResetLife  = 30 * time.Minute
	MagicLife  = 15 * time.Minute
)

// mostLinks is how many letters of a kind go to one person within an hour, whoever asks for them.
const mostLinks = 3

// Link is a letter that lets whoever reads it do one thing.
type Link struct {
	UserID  uuid.UUID
	Purpose queries.TokenPurpose
	Address string        // where it goes, and what using it proves; empty: the person's own
	Life    time.Duration // zero: as the purpose has it
	News    mail.News     // what the letter says beside the link; What empty: the purpose
}

// MailLink makes the link and announces its letter, unless enough went out lately. base is where the product is.
func MailLink(ctx context.Context, tx pgx.Tx, client *river.Client[pgx.Tx], box *seal.Box, base *url.URL, l Link, now time.Time) (sent bool, err error) {
	q := queries.New(tx)
	person, err := q.LockPerson(ctx, l.UserID)
	if err != nil {
		return false, err
	}
	lately, err := q.LinksSince(ctx, queries.LinksSinceParams{UserID: l.UserID, Purpose: l.Purpose, Since: now.Add(-time.Hour)})
	if err != nil || lately >= mostLinks {
		return false, err
	}
	if l.Purpose == queries.TokenPurposeReset { // a sign-in's first link may be slow in the post: all of them hold until one is used
		if err := q.EndLinksFor(ctx, queries.EndLinksForParams{UserID: l.UserID, Purpose: l.Purpose}); err != nil {
			return false, err
		}
	}
	if l.Address == "" {
		l.Address = person.Email
	}
	path, life := linkPath(l.Purpose)
	if l.Life == 0 {
		l.Life = life
	}
	token, hash := seal.NewToken()
	ends := now.Add(l.Life)
	if err := q.CreateLink(ctx, queries.CreateLinkParams{TokenSha256: hash, UserID: l.UserID, Purpose: l.Purpose, Subject: l.Address, ExpiresAt: ends}); err != nil {
		return false, err
	}
	l.News.Link, l.News.Ends = base.JoinPath(path, token).String(), &ends
	if l.News.What == "" {
		l.News.What = string(l.Purpose)
	}
	return true, TellPerson(ctx, tx, client, box, l.UserID, l.Address, l.News, now)
}

// TellPerson announces a letter of the house to one person, at an address that may be one they do not have yet, or no more.
func TellPerson(ctx context.Context, tx pgx.Tx, client *river.Client[pgx.Tx], box *seal.Box, user uuid.UUID, address string, n mail.News, now time.Time) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	n.Kind, n.At = mail.Security, now
	notice, err := notify.Notice{OrgID: queries.House, ID: id, At: now, UserID: &user, ClientEmail: address, News: n}.Sealed(box)
	if err != nil {
		return err
	}
	return notify.Announce(ctx, tx, client, notice)
}

func linkPath(p queries.TokenPurpose) (path string, life time.Duration) {
	switch p {
	case queries.TokenPurposeReset:
		return "reset", ResetLife
	case queries.TokenPurposeMagicLink:
		return "magic", MagicLife
	default:
		return "verify", VerifyLife
	}
}

// AskedArgs is somebody at the door who gave an address and wants a letter. The page answers before anybody has looked
// whether the address is known, so its answer cannot tell.
type AskedArgs struct {
	Email   string               `json:"email"`
	Purpose queries.TokenPurpose `json:"purpose"`
}

func (AskedArgs) Kind() string { return "mail_link" }

type asked struct {
	river.WorkerDefaults[AskedArgs]
	pool *pgxpool.Pool
	box  *seal.Box
	base *url.URL
}

func (a *asked) Work(ctx context.Context, job *river.Job[AskedArgs]) error {
	_, life := linkPath(job.Args.Purpose)
	if time.Since(job.CreatedAt) > life {
		return nil // whoever waited for it has given up
	}
	return pgx.BeginFunc(ctx, a.pool, func(tx pgx.Tx) error {
		if err := a.answer(ctx, tx, job.Args); err != nil {
			return err
		}
		_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		return err
	})
}

// answer writes to whoever has the address, if anybody. Who opened an account and who reads its mail may be two people until
// the address is proven: a link to sign in would let the second into the rooms of the first, who keeps their password. So
// they are sent the one that sets a new password and shuts out everybody else.
func (a *asked) answer(ctx context.Context, tx pgx.Tx, asks AskedArgs) error {
	q := queries.New(tx)
	user, err := q.UserByEmail(ctx, asks.Email)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	person, err := q.LockPerson(ctx, user.ID)
	if err != nil {
		return err
	}
	if person.EmailVerifiedAt == nil {
		asks.Purpose = queries.TokenPurposeReset
	}
	_, err = MailLink(ctx, tx, river.ClientFromContext[pgx.Tx](ctx), a.box, a.base, Link{UserID: user.ID, Purpose: asks.Purpose}, time.Now())
	return err
}
