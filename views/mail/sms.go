package mail

import (
	"cmp"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/wedsync/wedsync/views/ui"
)

const maxSMS = 160 // septets: one message, one price

// SMS is the news in one text of 160 GSM-7 characters. Names give way before the link or the code does.
func SMS(n News, b Brand, link string) string {
	s := setting(n, b, Reader{Audience: Team}, Links{})
	link = cmp.Or(address(link), s.Link)
	if s.Kind == Security && s.What == "phone_code" {
		return fitted(gsm(s.Code+" is your WedSync code."+before(" It works for ", after(s.lasts(), "."))+" Tell it to nobody, not even us."), "")
	}
	if septets(link) > 120 { // half a link leads nowhere
		link = ""
	}
	if s.Kind == Emergency {
		return s.alarm(link)
	}
	from := "WedSync"
	if s.Kind != Security {
		from = cmp.Or(gsmName(s.supplier), from)
	}
	for _, room := range []int{60, 44, 32, 24, 16} {
		text := gsm(s.told(room))
		text = shortened(from, room) + ": " + text
		if septets(text)+septets(link)+1 <= maxSMS {
			return fitted(text, link)
		}
	}
	return fitted(shortened(from, 16)+": "+gsm(s.told(16)), link)
}

// told is the news in a sentence or two, its names no longer than room.
func (s scene) told(room int) string {
	s.Who, s.Title, s.Venue = shortened(gsmName(s.Who), room), shortened(gsmName(s.Title), room), shortened(gsmName(s.Venue), room)
	of, who, day := s.booking("a booking"), s.who("a client"), s.shortDay()
	place := strings.Join(some(day, s.Venue), ", ")
	detail := before(" ", sentence(cut(gsm(s.Detail), room+20)))
	switch s.What {
	case "booking_new":
		return "New booking from " + who + before(", ", place) + "."
	case "booking_confirmed":
		return of + " is confirmed" + before(", ", place) + "."
	case "booking_changed":
		return of + " has changed." + detail + before(" Now: ", after(place, "."))
	case "booking_cancelled":
		return of + before(", ", day) + ", is cancelled." + detail
	case "hold_promoted":
		return of + before(", ", day) + ", was next in line and is held now." + detail
	case "double_booked":
		return "Another system booked " + of + before(", ", day) + ", which is taken." + detail
	case "overlap":
		return "An outside event lies over " + of + before(", ", day) + "." + detail
	case "deleted_outside":
		return of + before(", ", day) + ", was deleted in an outside calendar. The booking stands."
	case "calendar_reconnect":
		return "A calendar has to be connected again: " + of + "." + detail
	case "payment_completed":
		return s.money("A payment") + " received from " + who + s.forBooking() + "."
	case "payment_refunded":
		return s.money("A payment") + " refunded to " + who + s.forBooking() + "."
	case "refund_early":
		return s.sum("A refund") + " to " + who + " came before its payment. It is kept."
	case "payment_failed":
		return s.sum("The payment") + " by " + who + " did not go through." + detail
	case "payment_disputed":
		return s.sum("The payment") + " by " + who + " is disputed. Answer in Stripe before its deadline."
	case "dispute_won":
		return s.sum("The dispute over a payment") + " by " + who + " is won. The money stays."
	case "dispute_lost":
		return s.sum("The dispute over a payment") + " by " + who + " is lost. The money went back."
	case "verify":
		return "confirm this address or number" + before(" within ", s.lasts()) + ":"
	case "reset":
		return "choose a new password here. It works once" + before(", for ", s.lasts()) + ":"
	case "invited":
		return "you are in the team of " + cmp.Or(s.Title, "a supplier") + ". Choose your password here:"
	case "address_changed":
		return "your account goes by another address now. Not you? Tell an owner of your business at once."
	case "magic_link":
		return "your link to sign in. It works once" + before(", for ", s.lasts()) + ":"
	case "new_device":
		return "a new device signed in to your account." + detail + " Not you? Choose a new password now."
	case "password_changed":
		return "your password was changed. Not you? Ask for a new one at the sign-in page now."
	}
	switch s.Kind {
	case WeddingDayChange:
		return "Change at " + of + before(", ", place) + "." + detail
	case WeddingWeek:
		if n := len(s.Items); n > 0 {
			return ui.Plural(int64(n), "wedding", "weddings") + " this week."
		}
		return of + before(", ", place) + "."
	}
	title, _ := s.line()
	return sentence(gsm(title))
}

// alarm is a call for help: where, what, whom to call. The day is today, and who calls matters less than how to reach them: a
// number in the text stays when the words around it do not fit.
func (s scene) alarm(link string) string {
	head := "EMERGENCY"
	if at := strings.Join(some(shortened(gsmName(s.booking("")), 24), shortened(gsmName(s.Venue), 24)), ", "); at != "" {
		head += ", " + at
	}
	say := " I have it:"
	if link == "" {
		say = ""
	}
	room := maxSMS - septets(head) - septets(say) - septets(link) - 3
	detail := gsm(cmp.Or(sentence(s.Detail), "Help is needed."))
	if number := phone.FindString(detail); septets(detail) > room && number != "" {
		detail = fittedIn(strings.Replace(detail, number, "", 1), room-septets(number)-1) + " " + number
	} else {
		detail = fittedIn(detail, room)
	}
	return head + ": " + detail + say + before(" ", link)
}

var phone = regexp.MustCompile(`\+?[0-9][0-9 ()-]{5,18}[0-9]`)

// shortDay is a date as a text has room for: "Sat 12 Jun 2027, 14:00".
func (s scene) shortDay() string {
	switch {
	case s.Starts == nil:
		return ""
	case s.wholeDay():
		return s.Starts.Format("Mon 2 Jan 2006")
	}
	return s.Starts.Format("Mon 2 Jan 2006, 15:04")
}

// fitted puts the link behind the text, and cuts the text where both do not fit.
func fitted(text, link string) string {
	room := maxSMS
	if link != "" {
		room -= septets(link) + 1
	}
	return fittedIn(text, room) + before(" ", link)
}

// fittedIn cuts a text to so many septets.
func fittedIn(text string, room int) string {
	if septets(text) <= room {
		return text
	}
	var b strings.Builder
	left := room - 3
	for _, r := range text {
		if left -= weight(r); left < 0 {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimRight(b.String(), " ,.:") + "..."
}

// shortened makes a name fit: a couple's by their first names, any other by its first words.
func shortened(name string, room int) string {
	if utf8.RuneCountInString(name) <= room {
		return name
	}
	if a, b, ok := strings.Cut(name, " & "); ok {
		first, _, _ := strings.Cut(a, " ")
		second, _, _ := strings.Cut(b, " ")
		if both := first + " & " + second; utf8.RuneCountInString(both) <= room {
			return both
		}
	}
	runes := []rune(name)[:room-2]
	text := string(runes)
	if space := strings.LastIndexByte(text, ' '); space > room/2 {
		text = text[:space]
	}
	return strings.TrimRight(text, " ,.&") + ".."
}

// gsmName is a name in GSM letters; empty where too little of it would be left to know whom it means.
func gsmName(name string) string {
	text := gsm(name)
	lost := strings.Count(text, "?") - strings.Count(name, "?")
	letters := 0
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			letters++
		}
	}
	if letters == 0 || lost > 0 && letters < 3 {
		return ""
	}
	return text
}

// The letters of GSM 03.38: each is one septet, those of the extension two.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmMore  = "^{}\\[~]|€"
)

// instead stands for letters that GSM has not and that do not come apart into one that it has.
var instead = map[rune]string{
	'‘': "'", '’': "'", '‚': "'", '‛': "'", '′': "'", '`': "'", '´': "'", '“': `"`, '”': `"`, '„': `"`, '«': `"`, '»': `"`, '″': `"`,
	'–': "-", '—': "-", '−': "-", '‐': "-", '‑': "-", '…': "...", '•': "-", '·': "-", '×': "x", '÷': "/", '°': " deg", '™': "", '©': "(c)", '®': "",
	'₹': "INR ", '₺': "TRY ", '₽': "RUB ", '₴': "UAH ", '₩': "KRW ", '₦': "NGN ", '₪': "ILS ", '¢': "c", '½': "1/2", '¼': "1/4", '¾': "3/4",
	'ł': "l", 'Ł': "L", 'đ': "d", 'Đ': "D", 'ð': "d", 'Ð': "D", 'þ': "th", 'Þ': "Th", 'œ': "oe", 'Œ': "OE", 'ı': "i", 'ħ': "h", 'Ħ': "H", 'ẞ': "SS",
}

// gsm writes a text with the letters of GSM only: an ê becomes e, a curly quote a straight one; emoji go, and a run of letters
// that have no like becomes one question mark.
func gsm(s string) string {
	var b strings.Builder
	lost := false
	for _, r := range norm.NFC.String(s) {
		text, ok := gsmOf(r)
		if ok {
			b.WriteString(text)
		} else if !lost {
			b.WriteByte('?')
		}
		lost = !ok
	}
	return strings.TrimSpace(strings.Join(strings.FieldsFunc(b.String(), unicode.IsSpace), " "))
}

func gsmOf(r rune) (string, bool) {
	if r == '\n' || r == '\r' || unicode.IsSpace(r) {
		return " ", true
	}
	if weight(r) > 0 {
		return string(r), true
	}
	if text, ok := instead[r]; ok {
		return text, true
	}
	var b strings.Builder
	for _, part := range norm.NFKD.String(string(r)) {
		if weight(part) > 0 {
			b.WriteRune(part)
		} else if text, ok := instead[part]; ok {
			b.WriteString(text)
		}
	}
	return b.String(), b.Len() > 0 || !unicode.IsLetter(r)
}

// weight is how many septets a letter takes; none for one that GSM has not.
func weight(r rune) int {
	switch {
	case strings.ContainsRune(gsmBasic, r):
		return 1
	case strings.ContainsRune(gsmMore, r):
		return 2
	}
	return 0
}

func septets(s string) (n int) {
	for _, r := range s {
		n += weight(r)
	}
	return n
}
