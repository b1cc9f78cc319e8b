package mail

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/wedsync/wedsync/views/ui"
)

// The team's letters: WedSync speaks to the supplier's people.

func bookingTeam(s scene) words {
	of, when := s.booking("a booking"), before(", ", s.day())
	switch s.What {
	case "booking_new":
		return words{subject: "New booking: " + of + when, heading: "You have a new booking",
			opening: "You have a new booking" + before(": ", strings.Join(some(cmp.Or(s.Who, s.Title), s.place()), ", ")) + ".",
			more:    []string{"Look over the day, the times and the place while it is fresh."}, button: "See the booking"}
	case "booking_confirmed":
		return words{subject: "Confirmed: " + of + when, heading: "A booking is confirmed",
			opening: of + " is confirmed" + before(" for ", s.place()) + ".",
			more:    []string{"The day is yours; it stands among your weddings from now on."}, button: "See the booking"}
	case "booking_changed":
		return words{subject: "Changed: " + of + when, heading: "A booking has changed",
			opening: "The details of " + of + " have changed." + before(" ", sentence(s.Detail)),
			more:    []string{"Below is how it stands now. Check that the day still works for you."}, button: "See the booking"}
	case "booking_cancelled":
		return words{subject: "Cancelled: " + of + when, heading: "A booking was cancelled",
			opening: of + before(" on ", s.day()) + " was cancelled." + before(" ", sentence(s.Detail)),
			more:    []string{"The day is free again. What was paid stays as it is until you refund it."}, button: "See your weddings"}
	case "hold_promoted":
		return words{subject: "Next in line: " + of + when, heading: "It is their turn",
			opening: of + " was next in line, and is held for them now" + before(" on ", s.day()) + ".",
			more:    []string{"Tell them, and confirm it before the hold runs out; then whoever comes next has it."}, button: "See the booking"}
	}
	return words{subject: "News of " + of + when, heading: "News of a booking",
		opening: "There is news of " + of + "." + before(" ", sentence(s.Detail)), button: "See the booking"}
}

func paymentTeam(s scene) words {
	from := before(" from ", s.Who)
	switch s.What {
	case "payment_completed":
		return words{subject: s.money("A payment") + " received" + from, heading: "A payment has arrived",
			opening: s.who("A client") + " paid you" + before(" ", s.money("")) + s.forBooking() + ".",
			more:    []string{"It counts towards the booking already; there is nothing left to do."}, button: "See your payments"}
	case "dispute_won":
		return words{subject: "Closed in your favour: the dispute over " + s.money("a payment") + from, heading: "A dispute went your way",
			opening: "The dispute over " + s.sum("a payment") + before(" by ", s.Who) + " is closed in your favour.",
			more:    []string{"The money stays with you."}, button: "See your payments"}
	}
	return words{subject: "News of " + s.money("a payment") + from, heading: "News of a payment",
		opening: "There is news of " + s.sum("a payment") + before(" by ", s.Who) + s.forBooking() + "." + before(" ", sentence(s.Detail)), button: "See your payments"}
}

func refundTeam(s scene) words {
	to := before(" to ", s.Who)
	switch s.What {
	case "payment_refunded":
		return words{subject: s.money("A payment") + " refunded" + to, heading: "A payment was refunded",
			opening: s.money("A payment") + " went back" + to + s.forBooking() + ".",
			more:    []string{"The figures of your season count it already."}, button: "See your payments"}
	case "refund_early":
		return words{subject: "A refund" + before(" of ", s.money("")) + to + " came before its payment", heading: "A refund came before its payment",
			opening: s.sum("A refund") + to + " arrived before the payment that it belongs to.",
			more:    []string{"It is kept, and counts once the payment arrives. There is nothing to do."}, button: "See your payments"}
	}
	return words{subject: "News of a refund" + to, heading: "News of a refund",
		opening: "There is news of " + s.sum("a refund") + to + "." + before(" ", sentence(s.Detail)), button: "See your payments"}
}

func failedTeam(s scene) words {
	by := before(" by ", s.Who)
	switch s.What {
	case "payment_failed":
		return words{subject: s.sum("A payment") + by + " failed", heading: "A payment did not go through",
			opening: s.sum("A payment") + by + s.forBooking() + " failed." + before(" The bank's reason: ", sentence(s.Detail)),
			more:    []string{"Nothing arrived on your account. Let them know, and send the payment request again."}, button: "See your payments"}
	case "payment_disputed":
		return words{subject: "Disputed: " + s.sum("a payment") + by, heading: "A payment is disputed",
			opening: "The bank of " + s.who("the payer") + " disputes " + s.sum("a payment") + s.forBooking() + "." + before(" The reason given: ", sentence(s.Detail)),
			more:    []string{"Answer it in Stripe before the deadline that Stripe shows. Without an answer the money goes back."}, button: "See your payments"}
	case "dispute_lost":
		return words{subject: "Lost: the dispute over " + s.sum("a payment") + by, heading: "A dispute was lost",
			opening: "The dispute over " + s.sum("a payment") + by + " was lost, and the money went back.",
			more:    []string{"The figures of your season count it already. Speak with them if the amount is still owed."}, button: "See your payments"}
	}
	return words{subject: "Trouble with " + s.sum("a payment") + by, heading: "Trouble with a payment",
		opening: "There is trouble with " + s.sum("a payment") + by + "." + before(" ", sentence(s.Detail)), button: "See your payments"}
}

// forBooking is " for Kay & Fry", unless that is whom we speak of anyway.
func (s scene) forBooking() string {
	if s.Title == s.Who {
		return ""
	}
	return before(" for ", s.Title)
}

func clientTeam(s scene) words {
	who := s.who("a client")
	switch s.What {
	case "client_new":
		return words{subject: "New client: " + who, heading: "You have a new client", opening: who + " joined your clients.",
			more: []string{"Their names and numbers are kept as your system sent them."}, button: "See your clients"}
	case "client_changed":
		return words{subject: "New details of " + who, heading: "A client's details have changed", opening: "The details of " + who + " have changed." + before(" ", sentence(s.Detail)),
			more: []string{"What you see in WedSync is the new state."}, button: "See your clients"}
	case "client_deleted":
		return words{subject: who + " was removed from your clients", heading: "A client was removed", opening: who + " was removed in your other system, and so from your clients.",
			more: []string{"Bookings and payments stay. If it was a mistake, add them there again."}, button: "See your clients"}
	}
	return words{subject: "News of " + who, heading: "News of a client", opening: "There is news of " + who + "." + before(" ", sentence(s.Detail)), button: "See your clients"}
}

func conflictTeam(s scene) words {
	of := s.booking("a booking")
	switch s.What {
	case "double_booked":
		return words{subject: "Booked twice: " + of + before(", ", s.day()), heading: "Another system has booked what is taken",
			opening: "Another system says that " + of + " is booked" + before(" for ", s.day()) + "." + before(" ", sentence(s.Detail)),
			more:    []string{"WedSync never books anything twice by itself; here it can only tell you. Both bookings are kept as they are: move one, give it something else, or cancel it."}, button: "Settle it"}
	case "overlap":
		return words{subject: "An outside event lies over " + of + before(", ", s.day()), heading: "An outside event lies over a booking",
			opening: "Something in an outside calendar takes the time of " + of + "." + before(" ", sentence(s.Detail)),
			more:    []string{"The booking stands as it is. Move one of the two, or say that both may stay."}, button: "Settle it"}
	case "deleted_outside":
		return words{subject: "Deleted outside: " + of + before(", ", s.day()), heading: "A booking was deleted in an outside calendar",
			opening: of + " is not in the outside calendar any more." + before(" ", sentence(s.Detail)),
			more:    []string{"The booking itself stands as it is. Put it back, leave it out, or cancel the booking."}, button: "Choose"}
	}
	return words{subject: "Your choice is needed: " + of + before(", ", s.day()), heading: "Two sides say different things",
		opening: "Two sides say different things about " + of + "." + before(" ", sentence(s.Detail)),
		more:    []string{"Both versions are kept, and nothing changes until you choose."}, button: "Choose"}
}

func inviteTeam(s scene) words {
	who := s.who("A couple")
	if s.What == "wedme.vendor.signup" {
		return words{subject: "You accepted the invitation" + before(" from ", s.Who), heading: "You are on their team",
			opening: "You accepted the invitation" + before(" from ", s.Who) + before(" for ", s.place()) + ".",
			more:    []string{"What they plan reaches you here from now on, and what you change reaches them."}, button: "See the wedding"}
	}
	return words{subject: who + " invited you to their wedding" + before(", ", s.day()), heading: "You are invited to a wedding",
		opening: who + " invited you to be part of their wedding" + before(", ", s.place()) + ".",
		more:    []string{"Accept it, and the day, the place and the plans reach you as they change."}, button: "See the invitation"}
}

func reminderTeam(s scene) words {
	who := s.who("A couple")
	return words{subject: "Waiting for your answer: " + s.who("an invitation") + before(", ", s.day()), heading: "An invitation waits for you",
		opening: who + " invited you to be part of their wedding" + before(", ", s.place()) + ", and would like to know whether you come.",
		more:    []string{"A no is an answer too: then they can ask somebody else in time."}, button: "Answer the invitation"}
}

func weekTeam(s scene) words {
	n := int64(len(s.Items))
	if n == 0 && s.Starts == nil {
		return words{subject: "Your week: no weddings", heading: "A quiet week", opening: "No weddings stand in the coming week.", button: "See your weddings"}
	}
	subject := "Your week: " + ui.Plural(n, "wedding", "weddings")
	if n == 0 {
		subject = "Your week: " + s.booking("a wedding") + before(", ", s.day())
	}
	return words{subject: subject, heading: "The week ahead", opening: "This is what the coming week holds.",
		more: []string{"Check times and places now, while there is time to ask."}, button: "See your weddings"}
}

func dayTeam(s scene) words {
	of := s.booking("a wedding")
	return words{subject: "Change before the day: " + of + before(", ", s.day()), heading: "A change shortly before a wedding",
		opening: of + " has changed" + before(", and it is soon: ", s.place()) + "." + before(" ", sentence(s.Detail)),
		more:    []string{"Tell everybody who comes with you."}, button: "See the wedding"}
}

func emergencyTeam(s scene) words {
	of := s.booking("a wedding")
	return words{subject: "Emergency, " + of + before(": ", s.Detail), heading: "Emergency: " + of,
		opening: sentence(cmp.Or(s.Detail, "Help is needed.")),
		more:    []string{"Say that you have it, so that nobody else is called for the same."}, button: "I have it"}
}

func digestTeam(s scene) words {
	subject := "Your " + s.At.In(s.reader.Zone).Format("Monday") + " at WedSync"
	heading := "Your " + s.At.In(s.reader.Zone).Format("Monday")
	opening := "This is what happened since yesterday's summary."
	switch {
	case s.What == "weekly":
		subject, heading, opening = "Your week at WedSync", "Your week", "This is what happened in the last seven days."
	case s.What == "rush":
		subject, heading, opening = "Just now at WedSync", "Much happened just now", "So much happened within a few minutes that it is in one letter."
	case s.At.IsZero():
		subject, heading = "Your day at WedSync", "Your day"
	}
	if count := counts(s.Items); count != "" {
		subject += ": " + count
	} else {
		opening = "Nothing happened that you do not know of."
	}
	return words{subject: subject, heading: heading, opening: opening, button: "Open WedSync"}
}

func connectionTeam(s scene) words {
	of := cmp.Or(s.Title, s.Who, "A connection")
	if s.What == "connection_back" {
		return words{subject: of + " sends again", heading: "A connection is back", opening: of + " sends again" + before(", ", s.Detail) + ".",
			more: []string{"If something is missing from the time between, run it again in " + cmp.Or(s.Title, "the other system") + "."}, button: "See the connection"}
	}
	if s.What == "calendar_reconnect" {
		return words{subject: "Connect again: " + of, heading: "A calendar has to be connected again", opening: "WedSync may not read " + of + " any more." + before(" ", sentence(s.Detail)),
			more: []string{"Until then nobody knows whether you are free there, so bookings that depend on it cannot be confirmed. What was read is kept."}, button: "Connect it again"}
	}
	return words{subject: of + " has gone quiet", heading: "A connection has gone quiet", opening: of + " has gone quiet" + before(": ", s.Detail) + ".",
		more: []string{"What had arrived is kept. Look whether " + cmp.Or(s.Title, "the other system") + " still has our address, and send a test."}, button: "See the connection"}
}

func allowanceTeam(s scene) words {
	what, used := channelWords(s.Channel), strconv.Itoa(max(s.Used, 0))+" of "+strconv.Itoa(max(s.Limit, 0))
	if s.What == "used_up" && s.Limit <= 0 {
		return words{subject: "Your plan has no " + what, heading: "Your plan has no " + what, opening: "Something would have gone out this way, but your plan has no " + what + ".",
			more: []string{"It goes by another of your channels or waits in WedSync."}, button: "See the plans"}
	}
	if s.What == "used_up" {
		return words{subject: "Today's allowance of " + what + " is used up", heading: "Today's " + what + " are used up",
			opening: "All " + ui.Plural(int64(max(s.Limit, 0)), "of today's "+what+" has", "of today's "+what+" have") + " gone out.",
			more: []string{"Until midnight in your time zone, what would have gone this way goes by another of your channels or waits in WedSync. Nothing is lost, and an emergency still goes out.",
				"If this happens often, ask for a larger plan."}, button: "See the plans"}
	}
	return words{subject: "Nearly used: " + used + " " + what + " today", heading: "Today's " + what + " are nearly used",
		opening: used + " " + what + " of today have gone out.",
		more: []string{"Once they are used up, news goes by another of your channels or waits in WedSync until midnight in your time zone. An emergency always goes out.",
			"If this happens often, ask for a larger plan."}, button: "See the plans"}
}

func channelWords(channel string) string {
	switch channel {
	case "email":
		return "e-mails"
	case "sms":
		return "texts"
	case "push":
		return "pushes"
	}
	return "messages"
}
