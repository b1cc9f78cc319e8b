package notify

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/mail"
)

// mark is what onward needs to know of a notification.
type mark struct {
	noticeID, recipient uuid.UUID
	channel             queries.Channel
	audience            queries.Audience
	urgent              bool
}

func (h held) mark() mark { return mark{h.NoticeID, h.RecipientID, h.Channel, h.Audience, h.Urgent} }

// stop ends a notification that does not leave the house.
func (w *wave) stop(ctx context.Context, h held, status queries.NotificationStatus, words string) error {
	if err := w.step(ctx, h.ID, "", string(status), words); err != nil {
		return err
	}
	return w.end(ctx, h, ending{status: status, reason: words, provider: h.Provider, quota: h.QuotaDay})
}

// fall ends it and lets the next channel take over.
func (w *wave) fall(ctx context.Context, h held, status queries.NotificationStatus, words string) error {
	if err := w.stop(ctx, h, status, words); err != nil {
		return err
	}
	_, err := w.onward(ctx, h.mark())
	return err
}

// onward tells the same to the same person by the next channel down the ladder by which they can be reached and do not
// hear of it already. Couples are written to by e-mail only, and the house writes by one channel.
func (w *wave) onward(ctx context.Context, m mark) (moved bool, err error) {
	if m.audience != queries.AudienceTeam {
		return false, nil
	}
	notices, err := w.q.NoticesToTell(ctx, queries.NoticesToTellParams{OrgID: w.org, Ids: []uuid.UUID{m.noticeID}})
	if err != nil || len(notices) == 0 {
		return false, err
	}
	people, err := LoadPeople(ctx, w.q, w.org, []uuid.UUID{m.recipient}, w.now)
	if err != nil {
		return false, err
	}
	told, err := w.q.SiblingChannels(ctx, queries.SiblingChannelsParams{OrgID: w.org, NoticeID: m.noticeID, RecipientID: m.recipient})
	if err != nil {
		return false, err
	}
	p, there := people[m.recipient]
	if !there {
		return false, nil
	}
	w.carriers.limit(p.Reach)
	ch, ok := Onward(happening(notices[0]), p.Person, m.channel, told)
	if !ok {
		return false, nil
	}
	from := m.channel
	w.add(notices[0], queries.AudienceTeam, p, p.when(Leg{Channel: ch, From: &from}, happening(notices[0]), w.now))
	return true, nil
}

// Onward is the channel that takes over from one that failed: the next one down the ladder that reaches the person, that
// they have not turned off, and by which they do not hear of it already.
func Onward(h Happening, p Person, from queries.Channel, told []queries.Channel) (queries.Channel, bool) {
	for ch, ok := below(from); ok && ch != queries.ChannelInApp; ch, ok = below(ch) {
		if p.Reach[ch] && !slices.Contains(told, ch) && p.Pace(h, ch) != queries.PaceOff {
			return ch, true
		}
	}
	return "", false
}

// suppress keeps an address from being written to again. It is the carrier's word, so it holds for the whole house.
func (w *wave) suppress(ctx context.Context, ch queries.Channel, address, why, words string) error {
	if address == "" || !slices.Contains([]string{"bounced", "complained", "stopped", "invalid"}, why) {
		return nil
	}
	_, err := w.q.Suppress(ctx, queries.SuppressParams{OrgID: queries.House, Channel: ch, Address: address, Why: why, Since: w.now, Detail: words})
	return err
}

// tellAllowance says once a day how a channel's allowance stands.
func (w *wave) tellAllowance(h held, day time.Time, what string, used, limit int) {
	id := derived(h.OrgID, []byte("allowance"), []byte(day.Format(time.DateOnly)), []byte(h.Channel), []byte(what))
	w.news = append(w.news, Notice{OrgID: h.OrgID, ID: id, At: w.now, News: mail.News{Kind: mail.Allowance, What: what, Channel: string(h.Channel),
		Used: used, Limit: limit, Path: "/app/plan", At: w.now}})
}

func (w *wave) step(ctx context.Context, id uuid.UUID, provider, step, words string) error {
	_, err := w.q.AddStep(ctx, queries.AddStepParams{OrgID: w.org, ID: uuid.Must(uuid.NewV7()), NotificationID: &id, At: w.now, Step: step, Provider: provider, Detail: words})
	return err
}

// finish writes what was taken along: notifications that take over, their jobs, news of our own.
func (w *wave) finish(ctx context.Context, tx pgx.Tx, client *river.Client[pgx.Tx]) error {
	if err := w.keep(ctx); err != nil {
		return err
	}
	if len(w.jobs) > 0 {
		if _, err := client.InsertManyFastTx(ctx, tx, w.jobs); err != nil {
			return err
		}
	}
	if err := Announce(ctx, tx, client, w.news...); err != nil {
		return err
	}
	return w.touch(ctx)
}
