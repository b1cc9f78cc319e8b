package calendar

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wedsync/wedsync/queries"
)

// Described is what an outside calendar may be told of a booking. Notes and amounts are not among it: what is not here cannot
// leak.
type Described struct{ Couple, Title, Venue, Times, Status, Contact string }

// Ours are the words where a supplier has chosen none.
const (
	OurTitle = "{{couple}}"
	OurBody  = "{{times}}\n{{venue}}\n{{status}}"
)

// Variables are what a template may name, in the order in which they are offered.
var Variables = []string{"couple", "venue", "times", "status", "contact"}

const (
	longestTitle = 200 // characters, as written; Graph's subject has 255
	longestBody  = 4000
	mostTitle    = 200 // of the templates, as their columns
	mostBody     = 2000
)

var (
	variable = regexp.MustCompile(`\{\{([^{}]*)\}\}`)
	held     = StatusWords(queries.BookingStatusHeld)
)

// StatusWords is how a booking stands, for a Described.
func StatusWords(s queries.BookingStatus) string {
	switch s {
	case queries.BookingStatusConfirmed:
		return "Confirmed"
	case queries.BookingStatusHeld:
		return "On hold"
	case queries.BookingStatusCancelled:
		return "Cancelled"
	default:
		return "Enquiry"
	}
}

// Describe writes the title and the body of a booking's copy in an outside calendar. An empty template is ours. A hold says so
// in its title, unless the template says how it stands by itself.
func Describe(titleTemplate, bodyTemplate string, b Described) (title, body string) {
	titleTemplate, bodyTemplate = cmp.Or(strings.TrimSpace(titleTemplate), OurTitle), cmp.Or(strings.TrimSpace(bodyTemplate), OurBody)
	title = plain(fill(titleTemplate, b), false)
	if b.Status == held && !names(titleTemplate, "status") {
		title = "Hold: " + title
	}
	var lines []string
	for line := range strings.SplitSeq(strings.ReplaceAll(bodyTemplate, "\r\n", "\n"), "\n") {
		if !void(line, b) {
			lines = append(lines, fill(line, b))
		}
	}
	return cut(cmp.Or(title, "Booked"), longestTitle), cut(plain(strings.Join(lines, "\n"), true), longestBody)
}

// fill puts values in once: what looks like a variable in a value stays as it is.
func fill(template string, b Described) string {
	return variable.ReplaceAllStringFunc(template, func(v string) string { return plain(b.value(nameOf(v)), false) })
}

func nameOf(v string) string { return strings.ToLower(strings.TrimSpace(strings.Trim(v, "{}"))) }

func (b Described) value(name string) string {
	switch name {
	case "couple":
		return cmp.Or(strings.TrimSpace(b.Couple), b.Title)
	case "venue":
		return b.Venue
	case "times":
		return b.Times
	case "status":
		return b.Status
	case "contact":
		return b.Contact
	default:
		return ""
	}
}

// void is a line whose variables all came to nothing: "Where: {{venue}}" says nothing without a venue.
func void(line string, b Described) bool {
	all := variable.FindAllString(line, -1)
	return len(all) > 0 && !slices.ContainsFunc(all, func(v string) bool { return strings.TrimSpace(b.value(nameOf(v))) != "" })
}

func names(template, name string) bool {
	return slices.ContainsFunc(variable.FindAllString(template, -1), func(v string) bool { return nameOf(v) == name })
}

// plain drops what no calendar shows as a character: controls, and the marks that turn the direction of what follows.
func plain(s string, lines bool) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && lines:
			return r
		case r == '\n' || r == '\t' || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.IsControl(r) || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == utf8.RuneError || r == '\ufeff':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.TrimSpace(s)
}

func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:most-1])) + "…"
}

// CheckTemplate says what is wrong with a supplier's own words, by field: title, body.
func CheckTemplate(title, body string) map[string]string {
	faults := map[string]string{}
	for field, t := range map[string]struct {
		text string
		most int
	}{"title": {title, mostTitle}, "body": {body, mostBody}} {
		if words := checkWords(t.text, t.most); words != "" {
			faults[field] = words
		}
	}
	switch {
	case faults["title"] != "":
	case strings.ContainsAny(strings.TrimSpace(title), "\r\n"):
		faults["title"] = "The title is one line."
	case names(title, "contact"):
		faults["title"] = "{{contact}} belongs into the description: titles are read over shoulders, and by everyone the calendar is shared with."
	}
	return faults
}

func checkWords(text string, most int) string {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return "There is a character in here that cannot be kept."
	}
	if n := utf8.RuneCountInString(text); n > most {
		return fmt.Sprintf("This has %d characters; %d fit.", n, most)
	}
	for _, v := range variable.FindAllString(text, -1) {
		if name := nameOf(v); !slices.Contains(Variables, name) {
			return fmt.Sprintf("%s is not something that WedSync can fill in. There is %s.", v, offered())
		}
	}
	if rest := variable.ReplaceAllString(text, ""); strings.Contains(rest, "{{") || strings.Contains(rest, "}}") {
		return "Two braces that open need two that close, with one name between them: {{couple}}."
	}
	return ""
}

func offered() string {
	all := make([]string, len(Variables))
	for i, v := range Variables {
		all[i] = "{{" + v + "}}"
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}
