package notify

import (
	"slices"

	"github.com/wedsync/wedsync/queries"
)

// Category is what a person decides about: a few kinds of letters that are wanted, or not, together.
type Category struct {
	Key   string
	Title string
	Words string // what is in it
	Kinds []string
	Fixed bool // nobody can turn it off
	Paces map[queries.Channel]queries.Pace
}

func paces(email, push, sms queries.Pace) map[queries.Channel]queries.Pace {
	return map[queries.Channel]queries.Pace{queries.ChannelInApp: queries.PaceAtOnce,
		queries.ChannelEmail: email, queries.ChannelPush: push, queries.ChannelSms: sms}
}

const off, atOnce, daily = queries.PaceOff, queries.PaceAtOnce, queries.PaceDaily

// Categories are all of them, in the order of the page; Paces are what holds until a person says otherwise. By SMS comes at
// first only what changes a wedding that is near: it is the channel that wakes people.
var Categories = []Category{
	{Key: "bookings", Title: "Bookings", Words: "New, confirmed, moved and cancelled bookings", Kinds: []string{"booking"}, Paces: paces(atOnce, atOnce, off)},
	{Key: "payments", Title: "Payments", Words: "Money that came, went back or failed, and disputes", Kinds: []string{"payment", "refund", "failed_payment"}, Paces: paces(atOnce, atOnce, off)},
	{Key: "wedding", Title: "Weddings that are near", Words: "Changes in the last week before a wedding, and each Monday's summary", Kinds: []string{"wedding_day_change", "wedding_week"}, Paces: paces(atOnce, atOnce, atOnce)},
	{Key: "calendar", Title: "Conflicts", Words: "Two sides that say different things", Kinds: []string{"conflict"}, Paces: paces(atOnce, atOnce, off)},
	{Key: "invites", Title: "Invites", Words: "Couples who invite you, and invites that wait", Kinds: []string{"invite", "invite_reminder"}, Paces: paces(atOnce, atOnce, off)},
	{Key: "clients", Title: "Clients", Words: "New clients, and changes to their names and numbers", Kinds: []string{"client_change"}, Paces: paces(daily, off, off)},
	{Key: "connections", Title: "Connections", Words: "A system that has gone quiet, or came back", Kinds: []string{"connection"}, Paces: paces(atOnce, off, off)},
	{Key: "account", Title: "Your plan", Words: "When a day's allowance is nearly used", Kinds: []string{"allowance"}, Paces: paces(off, off, off)},
	{Key: "emergency", Title: "Emergencies", Words: "A call for help on a wedding day: always, on every channel", Kinds: []string{"emergency"}, Fixed: true, Paces: paces(atOnce, atOnce, atOnce)},
	{Key: "security", Title: "Your account", Words: "Sign-ins from new devices, links that you asked for: always, by e-mail", Kinds: []string{"security"}, Fixed: true, Paces: paces(atOnce, off, off)},
}

// CategoryOf is where a kind belongs; a bundle belongs to none, since its parts do.
func CategoryOf(kind string) (Category, bool) {
	i := slices.IndexFunc(Categories, func(c Category) bool { return slices.Contains(c.Kinds, kind) })
	if i < 0 {
		return Category{}, false
	}
	return Categories[i], true
}

// tooLong is what has no SMS: there is too much to say, or nothing to be woken for.
func tooLong(kind string) bool { return kind == "wedding_week" || kind == "client_change" }

// Offers are the paces that a person may choose between for a channel. One alone is no choice: the inbox has everything, what
// is fixed is fixed, and nothing of this goes by SMS.
func (c Category) Offers(ch queries.Channel) []queries.Pace {
	switch {
	case c.Fixed || ch == queries.ChannelInApp:
		return []queries.Pace{c.Paces[ch]}
	case ch == queries.ChannelSms && !slices.ContainsFunc(c.Kinds, func(k string) bool { return !tooLong(k) }):
		return []queries.Pace{off}
	case ch != queries.ChannelEmail:
		return []queries.Pace{atOnce, off}
	case c.Key == "wedding": // by the next Monday the wedding may be over
		return []queries.Pace{atOnce, daily, off}
	default:
		return []queries.Pace{atOnce, daily, queries.PaceWeekly, off}
	}
}

// categorised are the same as two columns, for a query.
var categorised = func() (c struct{ kinds, keys []string }) {
	for _, category := range Categories {
		for _, kind := range category.Kinds {
			c.kinds, c.keys = append(c.kinds, kind), append(c.keys, category.Key)
		}
	}
	return c
}()
