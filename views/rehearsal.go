package views

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

// RehearsalView is what running deliveries again would do.
type RehearsalView struct {
	Now        time.Time // on the organisation's clock
	Deliveries []RehearsedView
	Of         int64         // how many the whole set has; these are its first
	Filter     *RepairFilter // the whole set, where it was a set
	Back       string
}

// RehearsedView is one delivery and what would become of it.
type RehearsedView struct {
	ID         uuid.UUID
	Provider   queries.Provider
	EventID    string
	ReceivedAt time.Time
	WeddingOn  *time.Time
	Status     queries.DeliveryStatus
	Words      string
	NextTryAt  *time.Time
	Left       bool
	Changes    []ChangeView
	Messages   []NoticeView
}

// ChangeView is one field before and after; values are as the rows hold them, nil is nothing.
type ChangeView struct {
	What, Name, Field string
	Before, After     any
}

// NoticeView is what somebody would be told. Told is a notice in the supplier's own feed.
type NoticeView struct {
	Channel, To, Words string
	Told               *queries.LatestActivitiesRow
}

func (m NoticeView) sentence() string {
	if m.Told != nil {
		_, _, sentence := activityWords(*m.Told)
		return "In “Lately”: " + sentence
	}
	return m.Channel + to(m.To) + ": " + m.Words
}

// runnable are those that "Approve and apply" would run.
func (v RehearsalView) runnable() (ids []uuid.UUID) {
	for _, d := range v.Deliveries {
		if !d.Left {
			ids = append(ids, d.ID)
		}
	}
	return ids
}

func (v RehearsalView) summary() string {
	counts := map[queries.DeliveryStatus]int64{}
	var left, fields int64
	for _, d := range v.Deliveries {
		if d.Left {
			left++
			continue
		}
		counts[d.Status]++
		fields += int64(len(d.Changes))
	}
	var all []string
	if n := counts[queries.DeliveryStatusApplied]; n > 0 {
		all = append(all, ui.Plural(n, "delivery would be applied and would change ", "deliveries would be applied and would change ")+ui.Plural(fields, "field", "fields"))
	}
	if n := counts[queries.DeliveryStatusIgnored]; n > 0 {
		all = append(all, ui.Count(n)+" would be kept and not used")
	}
	if n := counts[queries.DeliveryStatusFailed] + counts[queries.DeliveryStatusDead]; n > 0 {
		all = append(all, ui.Count(n)+" would fail again")
	}
	if left > 0 {
		all = append(all, ui.Plural(left, "no longer needs it", "no longer need it"))
	}
	return strings.Join(all, "; ") + "."
}

// useful says whether running them would do any good.
func (v RehearsalView) useful() bool {
	return slices.ContainsFunc(v.Deliveries, func(d RehearsedView) bool {
		return !d.Left && (d.Status == queries.DeliveryStatusApplied || d.Status == queries.DeliveryStatusIgnored)
	})
}

func (v RehearsalView) approveLabel(n int64) string {
	switch {
	case !v.useful():
		return "Run again all the same"
	case v.Of > int64(len(v.Deliveries)):
		return "Approve and apply these " + ui.Count(n)
	default:
		return "Approve and apply"
	}
}

func (d RehearsedView) outcome() (string, ui.Tone) {
	switch {
	case d.Left:
		return "Not needed any more", ui.Neutral
	case d.Status == queries.DeliveryStatusApplied:
		return "Would be applied", ui.Good
	case d.Status == queries.DeliveryStatusIgnored:
		return "Would be kept, not used", ui.Neutral
	default:
		return "Would fail again", ui.Bad
	}
}

// valueWords put a value of a row into words.
func valueWords(value any) string {
	switch v := value.(type) {
	case nil:
		return "–"
	case string:
		return v
	case bool:
		return sayIf(v, "Yes", "No")
	case int:
		return strconv.Itoa(v)
	case queries.Money:
		return ui.Money(v.Minor, v.Currency)
	case time.Time:
		return ui.DayTime(v)
	case queries.BookingStatus:
		words, _ := bookingWords(v)
		return words
	case queries.PaymentStatus:
		words, _ := paymentWords(v)
		return words
	case queries.RefundStatus:
		return refundWords(v)
	default:
		return ""
	}
}

func refundWords(s queries.RefundStatus) string {
	switch s {
	case queries.RefundStatusSucceeded:
		return "Refunded"
	case queries.RefundStatusFailed:
		return "Refund failed"
	default:
		return "Refund on its way"
	}
}

// whatWords name the kind of entry that changes.
func whatWords(what string) string {
	return map[string]string{"client": "Client", "booking": "Booking", "payment": "Payment", "refund": "Refund", "invite": "Invitation"}[what]
}
