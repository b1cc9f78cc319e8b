package mail

import (
	"regexp"
	"strings"

	"github.com/a-h/templ"
)

// Names of fonts stand without quotes: in an attribute they would be escaped twice.
const (
	sans  = "Inter,-apple-system,BlinkMacSystemFont,Segoe UI,Roboto,Helvetica,Arial,sans-serif"
	serif = "Fraunces,Georgia,Times New Roman,serif"
)

// css makes a style of what we wrote ourselves and of a colour that Paint has judged.
func css(parts ...string) templ.SafeCSS { return templ.SafeCSS(strings.Join(parts, "")) }

// evening turns the letter dark: by the reader's wish (the media query), and in Outlook's own way (data-ogsc, data-ogsb), which
// paints over what it takes for light. Mail clients keep style elements only in the head, and know no variables.
func evening(p Palette) string {
	rules := []struct{ class, property, value string }{
		{"paper", "background-color", paperDark}, {"sheet", "background-color", surfaceDark}, {"sheet", "border-color", lineDark},
		{"ink", "color", inkDark}, {"soft", "color", softDark}, {"rule", "border-color", lineDark},
		{"word", "color", p.WordDark}, {"hair", "background-color", p.WordDark},
		{"area", "background-color", p.ButtonDark}, {"press", "color", p.OnDark}, {"press", "border-color", p.ButtonDark}, {"press", "background-color", p.ButtonDark},
	}
	var media, outlook strings.Builder
	for _, r := range rules {
		rule := "{" + r.property + ":" + r.value + "!important}"
		media.WriteString("." + r.class + rule)
		attribute := "[data-ogsc]"
		if r.property == "background-color" {
			attribute = "[data-ogsb]"
		}
		outlook.WriteString(attribute + " ." + r.class + rule)
	}
	return "<style>:root{color-scheme:light dark;supported-color-schemes:light dark}" +
		"@media (prefers-color-scheme:dark){" + media.String() + "}" + outlook.String() +
		"@media (max-width:480px){.sheet-in{padding:28px 22px 30px!important}.outer{padding:24px 10px 32px!important}.term{width:88px!important}.title{font-size:25px!important}.figure{font-size:30px!important}}</style>"
}

// whole keeps a date or a number to call on one line.
func whole(text string) string {
	return unbroken.ReplaceAllStringFunc(text, func(s string) string { return strings.ReplaceAll(s, " ", "\u00a0") })
}

var unbroken = regexp.MustCompile(`(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [0-9]{1,2} [A-Z][a-z]+ [0-9]{4}|` + phone.String())

// filler keeps a mail client from showing the letter's own text behind the preheader.
var filler = strings.Repeat("\u034f\u00a0\u200c", 60)
