package mail

import "strings"

// Line is the news in the inbox: a title and, as far as there is more to say, a body. It never holds a secret.
func Line(n News) (title, body string) {
	return setting(n, Brand{}, Reader{Audience: Team}, Links{}).line()
}

func (s scene) line() (title, body string) {
	if s.Test != "" {
		return "A test of your letter: " + s.Kind.Title() + ", " + s.Test.Words(), "It went to who asked for it, and to nobody else."
	}
	s.Code, s.Link = "", ""
	if s.Kind != Security {
		s.reader.Audience = Team
	}
	told := s.written()
	title = clean(strings.TrimSuffix(told.subject, before(", ", s.day())), maxLine) // the day is in the body
	switch s.Kind {
	case Emergency:
		title = "Emergency: " + s.booking("a wedding")
		body = strings.Join(some(sentence(s.Detail), s.place()), " ")
	case Booking, WeddingDayChange, Conflict, Invite, InviteReminder:
		body = strings.Join(some(sentence(s.Detail), s.place()), " ")
	case Payment, Refund, FailedPayment:
		body = strings.Join(some(s.Title, s.Detail, s.day()), " · ")
	case Digest, WeddingWeek, ClientChange, Connection, Allowance:
		body = told.opening
	case Security:
		body = told.opening
		if s.What == "verify" || s.What == "reset" || s.What == "magic_link" || s.What == "phone_code" {
			body = "It went out by e-mail or SMS."
		}
	default:
		body = s.Detail
	}
	return title, clean(body, 2*maxLine)
}
