package mail

import "cmp"

// The couple's letters: the supplier speaks to them, by name.

func bookingCouple(s scene) words {
	us, day := s.ours(), s.day()
	switch s.What {
	case "booking_new":
		return words{subject: "Your booking with " + us + before(", ", day), heading: "Your booking is noted",
			opening: us + " has noted your booking" + before(" for ", s.place()) + ".",
			more:    []string{"Please look over the details below. If something is not as you expect, tell " + us + "."}, closing: "It is a pleasure to be thought of."}
	case "booking_confirmed":
		return words{subject: "Confirmed: " + us + before(" on ", day), heading: "Your booking is confirmed",
			opening: us + " has confirmed your booking" + before(" for ", s.place()) + ".",
			more:    []string{"The day is kept for you. There is nothing else to do for now."}, closing: "We are looking forward to it."}
	case "hold_promoted":
		return words{subject: "Held for you: " + us + before(" on ", day), heading: "The day is held for you",
			opening: "You were next in line, and " + us + " now holds the day for you" + before(": ", s.place()) + ".",
			more:    []string{"It is not confirmed yet: please tell " + us + " soon whether you would like it."}}
	case "booking_changed":
		return words{subject: "Your booking with " + us + " has changed", heading: "Your booking has changed",
			opening: us + " has changed the details of your booking." + before(" ", sentence(s.Detail)),
			more:    []string{"Below is how it stands now. If something is not as you expect, tell " + us + " soon."}}
	case "booking_cancelled":
		return words{subject: "Your booking with " + us + " is cancelled", heading: "Your booking is cancelled",
			opening: "Your booking with " + us + before(" for ", day) + " has been cancelled." + before(" ", sentence(s.Detail)),
			more:    []string{"If you did not expect this, please get in touch with " + us + " straight away. What you have paid is theirs to settle with you."}}
	}
	return words{subject: "News of your booking with " + us, heading: "News of your booking",
		opening: "There is news of your booking with " + us + "." + before(" ", sentence(s.Detail))}
}

func paymentCouple(s scene) words {
	us := s.ours()
	switch s.What {
	case "payment_completed":
		return words{subject: us + " has received your payment" + before(" of ", s.money("")), heading: "Thank you for your payment",
			opening: us + " has received your " + s.sum("payment") + ".",
			more:    []string{"Keep this letter for your records. There is nothing else to do."}}
	case "dispute_won":
		return words{subject: "Your " + s.sum("payment") + " to " + us + " stands", heading: "The question to your bank is settled",
			opening: "Your bank has closed its question about your " + s.sum("payment") + " to " + us + ". The payment stands.",
			more:    []string{"If you see it differently, your bank can tell you what it decided and why."}}
	}
	return words{subject: "News of your payment to " + us, heading: "News of your payment",
		opening: "There is news of your " + s.sum("payment") + " to " + us + "." + before(" ", sentence(s.Detail))}
}

func refundCouple(s scene) words {
	us := s.ours()
	later := "Banks usually need five to ten working days until it shows on your account."
	switch s.What {
	case "payment_refunded":
		return words{subject: us + " has refunded you" + before(" ", s.money("")), heading: "Your refund is on its way",
			opening: us + " has refunded you" + before(" ", s.money("")) + ". It goes back the way you paid.", more: []string{later}}
	case "refund_early":
		return words{subject: "A refund" + before(" of ", s.money("")) + " from " + us, heading: "A refund is being made",
			opening: us + " is making you " + s.sum("a refund") + ". It goes back the way you paid.", more: []string{later}}
	}
	return words{subject: "News of your refund from " + us, heading: "News of your refund",
		opening: "There is news of " + s.sum("a refund") + " from " + us + "." + before(" ", sentence(s.Detail)), more: []string{later}}
}

func failedCouple(s scene) words {
	us := s.ours()
	switch s.What {
	case "payment_failed":
		return words{subject: "Your payment" + before(" of ", s.money("")) + " did not go through", heading: "Your payment did not go through",
			opening: "Your " + s.sum("payment") + " has not reached " + us + "." + before(" The bank's reason: ", sentence(s.Detail)),
			more:    []string{"Please try once more, or with another card. If it fails again, your bank can say why. Your booking stays as it is meanwhile."}}
	case "payment_disputed":
		return words{subject: "Your bank has a question about your payment to " + us, heading: "Your bank has a question",
			opening: "Your bank has told " + us + " that your " + s.sum("payment") + " is in question." + before(" The reason given: ", sentence(s.Detail)),
			more:    []string{"If you did not mean to question it, tell your bank so. If you did, a word with " + us + " often settles it sooner."}}
	case "dispute_lost":
		return words{subject: "Your bank has returned" + before(" ", s.money("your payment")) + " to you", heading: "Your bank has returned your payment",
			opening: "The question about your " + s.sum("payment") + " to " + us + " is closed, and your bank has returned the money to you.",
			more:    []string{"Please speak with " + us + " about what that means for your booking."}}
	}
	return words{subject: "About your payment to " + us, heading: "About your payment",
		opening: "There is a difficulty with your " + s.sum("payment") + " to " + us + "." + before(" ", sentence(s.Detail))}
}

func weekCouple(s scene) words {
	us := s.ours()
	return words{subject: "Your wedding" + before(" on ", s.day()) + ": how we have it", heading: "Your wedding is nearly here",
		opening: us + " will be there" + before(" on ", s.place()) + ".",
		more:    []string{"Please look over the details below. If a time or a place has changed, tell " + us + " today, while it is easy."}, closing: "We wish you a calm and happy week."}
}

func dayCouple(s scene) words {
	us := s.ours()
	return words{subject: "A change for your wedding" + before(" on ", s.day()), heading: "A change for your wedding",
		opening: cmp.Or(sentence(s.Detail), "Something has changed for your wedding"+before(" on ", s.day())+"."),
		more:    []string{us + " knows of it and plans by it. If it is not right, please call straight away."}}
}

func emergencyCouple(s scene) words {
	us := s.ours()
	return words{subject: "Urgent, from " + us + before(": ", s.Detail), heading: "Please read this now",
		opening: us + " has to tell you something urgent. " + cmp.Or(sentence(s.Detail), "Please call them."),
		more:    []string{"Let them know that you have read it."}, button: "I have read it"}
}
