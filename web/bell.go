package web

import (
	"context"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// alarmFor is how long an emergency that nobody acknowledges stays at the top of every page; in the inbox it stays.
const alarmFor = 48 * time.Hour

// hang puts into the frame of a page what concerns whoever looks, wherever they are: how much is new to them, and an
// emergency. A page must not fail for the want of it, so what cannot be read now is left to the stream.
func (s *Server) hang(ctx context.Context, v visitor, p *views.Page) {
	bell, alarm := views.BellView{Stand: views.Stand{Version: -1}}, views.EmergencyView{Stand: views.Stand{Version: -1}}
	defer func() {
		p.Bell, p.Emergency = &bell, views.Emergency(alarm)
		p.FrameLive = strings.TrimPrefix(liveURL(map[string]views.Stand{notify.InboxRegion(v.UserID): bell.Stand, notify.EmergencyRegion(v.UserID): alarm.Stand}), "/live?")
	}()
	now := time.Now()
	row, err := s.q.Bell(ctx, bellParams(v.OrgID, v.UserID))
	if err != nil {
		s.log.Warn("a page is without its bell until the stream brings it", "id", requestIDOf(ctx), "error", err)
		return
	}
	bell = bellView(row)
	if row.AlarmChangedAt == nil || now.Sub(*row.AlarmChangedAt) > alarmFor {
		alarm.Version = row.AlarmVersion
		return // whoever raises an alarm touches its region: nothing was raised for long enough
	}
	rows, err := alarmsOf(ctx, s.q, v.OrgID, v.UserID, now)
	if err != nil {
		s.log.Warn("a page is without its emergencies until the stream brings them", "id", requestIDOf(ctx), "error", err)
		return
	}
	alarm = views.EmergencyView{Stand: views.Stand{Version: row.AlarmVersion, Changed: *row.AlarmChangedAt}, Rows: rows}
}

func bellParams(org, user uuid.UUID) queries.BellParams {
	return queries.BellParams{OrgID: org, RecipientID: user, InboxRegion: notify.InboxRegion(user), AlarmRegion: notify.EmergencyRegion(user)}
}

func bellView(row queries.BellRow) views.BellView {
	bell := views.BellView{Stand: views.Stand{Version: row.Version}, Unread: row.Unread}
	if row.ChangedAt != nil {
		bell.Changed = *row.ChangedAt
	}
	return bell
}

func alarmsOf(ctx context.Context, q *queries.Queries, org, user uuid.UUID, now time.Time) ([]views.InboxItem, error) {
	rows, err := q.Alarms(ctx, queries.AlarmsParams{OrgID: org, RecipientID: user, Since: now.Add(-alarmFor)})
	var items []views.InboxItem
	for _, row := range rows {
		items = append(items, inboxItem(row.ID, row.Kind, row.Facts))
	}
	return items, err
}

// personalRegions are one person's own, as "inbox:<user>".
var personalRegions = []string{"inbox", "letters", "emergency"}

// personal takes such a region apart.
func personal(region string) (kind string, user uuid.UUID, ok bool) {
	for _, kind := range personalRegions {
		if of, ok := strings.CutPrefix(region, kind+":"); ok {
			id, err := uuid.Parse(of)
			return kind, id, err == nil && id.String() == of
		}
	}
	return "", uuid.Nil, false
}

// onlyOwn refuses a stream that asks for what concerns somebody else; there is nothing there for them.
func onlyOwn(shown map[string]int64, user uuid.UUID) error {
	for region := range shown {
		if _, whose, ok := personal(region); ok && whose != user {
			return errNotFound
		}
	}
	return nil
}

// personalComponent draws them for the stream.
func personalComponent(ctx context.Context, q *queries.Queries, org uuid.UUID, kind string, user uuid.UUID, stand views.Stand, now time.Time) (string, templ.Component, error) {
	switch kind {
	case "inbox":
		row, err := q.Bell(ctx, bellParams(org, user))
		return "client_notification", views.Bell(bellView(row)), err
	case "letters":
		view, err := inboxOf(ctx, q, queries.InboxParams{OrgID: org, RecipientID: user, Before: uuid.Max}, stand, now)
		return "client_notification", views.InboxLetters(view), err
	default:
		rows, err := alarmsOf(ctx, q, org, user, now)
		return "emergency_alert", views.Emergency(views.EmergencyView{Stand: stand, Rows: rows}), err
	}
}
