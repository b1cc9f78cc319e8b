package views

import (
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

// BellView is how much is new to whoever looks.
type BellView struct {
	Stand
	Unread int64 // counted up to a hundred
}

func (b BellView) words() string {
	if b.Unread > 99 {
		return "99+ new"
	}
	return ui.Count(b.Unread) + " new"
}

// InboxView is what somebody was told in the product, a page of it.
type InboxView struct {
	Stand
	Now   time.Time // in their zone
	Rows  []InboxItem
	Older string // where older ones are; empty: there are none
}

// InboxItem is one thing that somebody was told.
type InboxItem struct {
	ID          uuid.UUID
	Status      queries.NotificationStatus
	Urgent      bool
	At          time.Time // in their zone
	Title, Body string
	Path        string // the page that shows it; empty: there is none
}

func (i InboxItem) unread() bool { return i.Status == queries.NotificationStatusDelivered }

// waits says that an emergency was not acknowledged, which looking at it is not.
func (i InboxItem) waits() bool {
	return i.Urgent && i.Status != queries.NotificationStatusAcknowledged
}

func (i InboxItem) does(what string) string { return "/app/inbox/" + i.ID.String() + "/" + what }

// EmergencyView is what stands at the top of every page until it is acknowledged.
type EmergencyView struct {
	Stand
	Rows []InboxItem
}

type inboxDay struct {
	ID, Title string
	Rows      []InboxItem
}

// days are the rows under the day they came on.
func (v InboxView) days() []inboxDay {
	var days []inboxDay
	for _, row := range v.Rows {
		id := "day-" + row.At.Format(time.DateOnly)
		if len(days) == 0 || days[len(days)-1].ID != id {
			days = append(days, inboxDay{ID: id, Title: dayTitle(v.Now, row.At)})
		}
		last := &days[len(days)-1]
		last.Rows = append(last.Rows, row)
	}
	return days
}

func dayTitle(now, at time.Time) string {
	switch ui.DaysUntil(now, at) {
	case "today":
		return "Today"
	case "yesterday":
		return "Yesterday"
	default:
		return ui.Day(at)
	}
}

func (v InboxView) anyNew() bool {
	for _, row := range v.Rows {
		if row.unread() {
			return true
		}
	}
	return false
}
