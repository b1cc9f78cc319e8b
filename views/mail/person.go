package mail

import "cmp"

// Letters about somebody's own account: the house speaks, briefly, and never asks for a password.

func securityPerson(s scene) words {
	lasts := s.lasts()
	works := "It works once" + before(", for ", lasts) + "."
	unasked := "If you did not ask for this, do nothing: without the link nobody gets in."
	switch s.What {
	case "verify":
		return words{subject: "Confirm your e-mail address", heading: "Is this your address?",
			opening: "Somebody gave this address to WedSync. Confirm it, and what you want to hear reaches you here.",
			more:    []string{"The link works once" + before(", for ", lasts) + ". If it was not you, do nothing: an address is not used until it is confirmed."}, button: "Confirm this address"}
	case "reset":
		return words{subject: "Choose a new password", heading: "Choose a new password",
			opening: "You asked for a new password for WedSync. This link leads to where you choose it.", more: []string{works, unasked}, button: "Choose a new password"}
	case "invited":
		return words{subject: "You are in the team of " + cmp.Or(s.Title, "a supplier") + " on WedSync", heading: "Welcome to the team",
			opening: cmp.Or(s.Who, "Somebody") + " added you to " + cmp.Or(s.Title, "their team") + ". Choose a password of your own, and you are in.",
			more:    []string{works, "If you do not know them, do nothing: without the link nobody gets in."}, button: "Choose your password"}
	case "address_changed":
		return words{subject: "Your account has another address now", heading: "Your address was changed",
			opening: "Your account goes by " + cmp.Or(s.Detail, "another address") + " now, and letters no longer come here.",
			more:    []string{"If it was you, there is nothing to do.", "If it was not, tell an owner of your business, or answer this letter, at once: this address no longer opens the account."}}
	case "magic_link":
		return words{subject: "Your link to sign in", heading: "Sign in to WedSync",
			opening: "You asked to sign in without a password. This link leads to one more button, and then you are in.", more: []string{works, unasked}, button: "Sign in"}
	case "new_device":
		return words{subject: "A new device signed in to your account", heading: "A new device signed in",
			opening: "Your account was opened on a device that we have not seen before" + before(": ", s.Detail) + ".",
			more:    []string{"If it was you, there is nothing to do.", "If it was not, choose a new password now: that signs out every device."}, button: "Look at your account"}
	case "password_changed":
		return words{subject: "Your password was changed", heading: "Your password was changed",
			opening: "The password of your account was changed, and every other device was signed out.",
			more:    []string{"If it was you, there is nothing to do.", "If it was not, ask for a new password at the sign-in page now: the link comes to this address."}, button: "To the sign-in page"}
	case "phone_code":
		return words{subject: "Your code for WedSync", heading: "Your code", opening: "Type this code into the page that asked for it.",
			more: []string{works + " Nobody from WedSync ever asks you for it.", "If you did not ask for a code, do nothing."}}
	}
	return words{subject: "About your account at WedSync", heading: "About your account",
		opening: cmp.Or(sentence(s.Detail), "Something about your account has changed."),
		more:    []string{"If it was not you, choose a new password now: that signs out every device."}, button: "Look at your account"}
}

// anything is for a kind that we do not know: a notice of tomorrow, read by a version of today.
func anything(s scene) words {
	of := s.booking("your account")
	return words{subject: "News of " + of, heading: "News of " + of,
		opening: cmp.Or(sentence(s.Detail), "There is news of "+of+"."), button: "Open WedSync"}
}
