package mail

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// How much of what others wrote goes into a letter.
const (
	maxName   = 120
	maxDetail = 600
	maxLine   = 150 // a subject
	maxItems  = 200
)

// clean makes one line of text that others wrote: no line ends, no control characters, nothing that turns the direction of
// what follows, no marks that cannot be seen; cut to max characters.
func clean(s string, max int) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || r == '\u2028' || r == '\u2029':
			space = n > 0
			continue
		case r == utf8.RuneError || unsafe(r):
			continue
		}
		if space {
			b.WriteByte(' ')
			n++
			space = false
		}
		b.WriteRune(r)
		if n++; n > max+1 { // one space and one letter too many are enough to know
			break
		}
	}
	return cut(b.String(), max)
}

// unsafe: control characters, overrides and isolates of direction, what is not seen. The joiners of emoji and of Indic
// scripts (U+200C, U+200D) are letters' business and stay.
func unsafe(r rune) bool {
	switch {
	case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x206f, r == 0x200b, r == 0x200e, r == 0x200f, r == 0x061c,
		r >= 0x2060 && r <= 0x2064, r == 0xfeff, r == 0x00ad, r == 0x180e, r >= 0xfff9 && r <= 0xfffb, r >= 0xfdd0 && r <= 0xfdef:
		return true
	}
	return unicode.Is(unicode.Co, r) || r&0xfffe == 0xfffe
}

// cut keeps at most max characters and says by an ellipsis that there were more; it does not leave half an emoji.
func cut(s string, max int) string {
	if utf8.RuneCountInString(s) <= max {
		return s
	}
	runes := []rune(s)[:max-1]
	for len(runes) > 0 {
		last := runes[len(runes)-1]
		if last != 0x200d && last != 0x200c && !unicode.Is(unicode.Mn, last) && last != ' ' {
			break
		}
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// lines are a text of several paragraphs, each clean; empty ones are left out.
func lines(s string, max int) (all []string) {
	for _, line := range strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' }) {
		if line = clean(line, max); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// tidy is the news with nothing in it that could harm a letter.
func (n News) tidy() News {
	n.Who, n.Title, n.Venue = clean(n.Who, maxName), clean(n.Title, maxName), clean(n.Venue, maxName)
	n.Detail = clean(n.Detail, maxDetail)
	n.Code = clean(n.Code, 12)
	n.Currency = clean(n.Currency, 8)
	n.Starts, n.Ends = sane(n.Starts), sane(n.Ends)
	n.Path, n.Link = path(n.Path), address(n.Link)
	if len(n.Items) > maxItems {
		n.Items = n.Items[:maxItems]
	}
	items := make([]News, len(n.Items))
	for i, item := range n.Items {
		item.Items = nil
		items[i] = item.tidy()
	}
	n.Items = items
	return n
}

// sane: a year that a page can print.
func sane(t *time.Time) *time.Time {
	if t == nil || t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
		return nil
	}
	return t
}

// path is a page of ours, or nothing: "//elsewhere" is somebody else's.
func path(s string) string {
	if !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.HasPrefix(s, `/\`) || len(s) > 300 || !plain(s) {
		return ""
	}
	return s
}

// address is an absolute address of the web, or nothing.
func address(s string) string {
	if !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") || len(s) > 1500 || !plain(s) {
		return ""
	}
	return s
}

func plain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte("\"<>\\^`{|}", s[i]) >= 0 {
			return false
		}
	}
	return true
}
