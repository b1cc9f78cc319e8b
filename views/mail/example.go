package mail

import (
	"time"

	"github.com/wedsync/wedsync/views/ui"
)

func count(n int) string { return ui.Count(int64(n)) }

// Example is made-up news of a kind, for who has no wedding ahead yet.
func Example(k Kind) News {
	starts := time.Date(2027, 6, 12, 14, 0, 0, 0, time.UTC)
	ends := starts.Add(9 * time.Hour)
	amount := int64(50000)
	n := News{Kind: k, Who: "Anna Kay & Tom Fry", Title: "Kay & Fry", Starts: &starts, Ends: &ends, Zone: "Europe/London", Venue: "Holm House", At: starts.AddDate(0, -3, -4)}
	if whats := Whats[k]; len(whats) > 0 {
		n.What = whats[0]
	}
	switch k {
	case Payment, Refund, FailedPayment:
		n.AmountMinor, n.Currency, n.Detail = &amount, "GBP", "Deposit for the flowers"
		if k == FailedPayment {
			n.Detail = "The card was declined"
		}
	case Connection:
		return News{Kind: k, What: n.What, Title: "Tave", Detail: "it usually sends 4 a day; nothing for 31 hours", At: n.At}
	case WeddingDayChange:
		n.Detail = "The ceremony now begins at 14:00"
	case Conflict:
		n.Detail = "The couple say 14:00, your calendar says 13:00"
	case ClientChange:
		n.Detail = "A new phone number"
	}
	return n
}

// About puts a real wedding in the place of the made-up one.
func (n News) About(who, title, zone, venue string, starts, ends *time.Time) News {
	n.Who, n.Title, n.Zone, n.Venue, n.Starts, n.Ends = who, title, zone, venue, starts, ends
	return n
}
