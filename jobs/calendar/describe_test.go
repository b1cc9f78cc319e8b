package calendar

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDescribe(t *testing.T) {
	t.Parallel()
	whole := Described{Couple: "Anna Kay & Tom Fry", Title: "Kay & Fry", Venue: "Holm House", Times: "Sat 12 June 2027, 12:00 to 23:00", Status: "Confirmed", Contact: "+447700900123"}
	with := func(change func(*Described)) Described { b := whole; change(&b); return b }
	for name, c := range map[string]struct {
		title, body         string
		b                   Described
		wantTitle, wantBody string
	}{
		"ours":                   {"", "", whole, "Anna Kay & Tom Fry", "Sat 12 June 2027, 12:00 to 23:00\nHolm House\nConfirmed"},
		"ours, no contact":       {"", "", with(func(b *Described) { b.Venue = "" }), "Anna Kay & Tom Fry", "Sat 12 June 2027, 12:00 to 23:00\nConfirmed"},
		"a hold":                 {"", "", with(func(b *Described) { b.Status = "On hold" }), "Hold: Anna Kay & Tom Fry", "Sat 12 June 2027, 12:00 to 23:00\nHolm House\nOn hold"},
		"a hold that says so":    {"{{status}}: {{couple}}", "-", with(func(b *Described) { b.Status = "On hold" }), "On hold: Anna Kay & Tom Fry", "-"},
		"no couple":              {"", "x", with(func(b *Described) { b.Couple = " " }), "Kay & Fry", "x"},
		"nothing at all":         {"", "", Described{}, "Booked", ""},
		"their own words":        {"Wedding {{ Couple }}", "Call {{contact}}\nat {{venue}}", whole, "Wedding Anna Kay & Tom Fry", "Call +447700900123\nat Holm House"},
		"a line without value":   {"W", "Where: {{venue}}\nAlways", with(func(b *Described) { b.Venue = "" }), "W", "Always"},
		"a template in a name":   {"{{couple}}", "{{couple}}", with(func(b *Described) { b.Couple = "{{contact}} & {{{{venue}}}}" }), "{{contact}} & {{{{venue}}}}", "{{contact}} & {{{{venue}}}}"},
		"controls in a name":     {"{{couple}}", "{{couple}}", with(func(b *Described) { b.Couple = "An\x00na\r\nSTATUS:\x1b[31mFREE\u202etxt\u2066" }), "Anna STATUS:[31mFREEtxt", "Anna STATUS:[31mFREEtxt"},
		"not text":               {"{{couple}}", "x", with(func(b *Described) { b.Couple = "A\xffna" }), "Ana", "x"},
		"a variable of nobody's": {"{{couple}} {{notes}}", "{{value}}", whole, "Anna Kay & Tom Fry", ""},
		"lines of a browser":     {"T", "a\r\nb", whole, "T", "a\nb"},
	} {
		title, body := Describe(c.title, c.body, c.b)
		if title != c.wantTitle || body != c.wantBody {
			t.Errorf("%s: %q, %q; want %q, %q", name, title, body, c.wantTitle, c.wantBody)
		}
	}
}

func TestDescribeIsBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ß", 100_000)
	title, body := Describe(strings.Repeat("{{couple}}", 20), strings.Repeat("{{venue}}\n", 200), Described{Couple: long, Venue: long, Status: "On hold"})
	if utf8.RuneCountInString(title) > longestTitle || utf8.RuneCountInString(body) > longestBody || !strings.HasPrefix(title, "Hold: ß") || !strings.HasSuffix(body, "…") {
		t.Errorf("%d and %d characters", utf8.RuneCountInString(title), utf8.RuneCountInString(body))
	}
}

func TestCheckTemplate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ title, body, faultTitle, faultBody string }{
		"none":             {},
		"ours":             {title: OurTitle, body: OurBody},
		"all of them":      {title: "{{couple}} {{ VENUE }}", body: "{{times}} {{status}} {{contact}}"},
		"unknown":          {title: "{{coupel}}", body: "{{notes}}", faultTitle: "{{coupel}} is not", faultBody: "{{notes}} is not"},
		"empty":            {body: "{{}}", faultBody: "{{}} is not"},
		"open":             {title: "{{couple", body: "couple}}", faultTitle: "Two braces", faultBody: "Two braces"},
		"in each other":    {body: "{{ {{couple}} }}", faultBody: "Two braces"},
		"contact in title": {title: "{{contact}}", faultTitle: "belongs into the description"},
		"two lines":        {title: "a\nb", faultTitle: "one line"},
		"too long":         {title: strings.Repeat("t", 201), body: strings.Repeat("b", 2001), faultTitle: "201 characters", faultBody: "2001 characters"},
		"a nought":         {title: "a\x00b", body: "\xff", faultTitle: "cannot be kept", faultBody: "cannot be kept"},
	} {
		faults := CheckTemplate(c.title, c.body)
		for field, want := range map[string]string{"title": c.faultTitle, "body": c.faultBody} {
			if got := faults[field]; (got == "") != (want == "") || !strings.Contains(got, want) {
				t.Errorf("%s: %s: %q", name, field, got)
			}
		}
	}
}
