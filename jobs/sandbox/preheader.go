package sandbox

import (
	"strings"

	"github.com/PuerkitoBio/goquery"
)

// Preheader is the line that a mail program shows beside the subject: what the mail hides at its beginning for that, or
// else its first words.
func (s Sent) Preheader() string {
	text := s.Text
	if page, err := goquery.NewDocumentFromReader(strings.NewReader(s.HTML)); err == nil && s.HTML != "" {
		hidden := page.Find("body [style]").FilterFunction(func(_ int, e *goquery.Selection) bool {
			style, _ := e.Attr("style")
			return strings.Contains(strings.ReplaceAll(style, " ", ""), "display:none")
		}).First()
		page.Find("style, script, title").Remove()
		if text = hidden.Text(); text == "" {
			text = page.Text()
		}
	}
	// Mail programs are kept from reading on by a row of blanks that nobody sees.
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return strings.ContainsRune(" \t\r\n\u00a0\u200b\u200c\u200d\u034f\u2007\ufeff\u00ad", r)
	}), " ")
	if short := []rune(text); len(short) > 140 {
		return strings.TrimSpace(string(short[:139])) + "…"
	}
	return text
}
