package mail

import (
	"strings"
	"testing"
)

func TestWordingIsFilled(t *testing.T) {
	t.Parallel()
	w := Wording{Subject: "{{couple}} on {{ date }}", Opening: "Dear {{couple}},\r\n\r\n{{news}} It is {{amount}} at {{time}}, {{venue}}.", Closing: "Yours, {{supplier}}"}
	n := paid(Payment, "payment_completed", "Deposit")
	l := Write(n, florist, Reader{Audience: Couple}, w, links)
	if l.Subject != "Anna Kay & Tom Fry on Sat 12 June 2027" || l.Closing != "Yours, Wild Thyme Flowers" {
		t.Errorf("%q, %q", l.Subject, l.Closing)
	}
	want := []string{"Dear Anna Kay & Tom Fry,", "Wild Thyme Flowers has received your payment of £500.00. It is £500.00 at , Holm House."}
	if strings.Join(l.Paragraphs, "|") != strings.Join(want, "|") {
		t.Errorf("%q", l.Paragraphs)
	}
	if l.Heading != "Thank you for your payment" {
		t.Errorf("the heading is theirs: %q", l.Heading)
	}
}

func TestAMissingValueLeavesAPhrase(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds {
		for _, a := range kind.Audiences() {
			for _, v := range Variables(kind, a) {
				if v.Without == "" || v.Example == "" || v.Means == "" {
					t.Errorf("%s.%s: {{%s}} has no words: %+v", kind, a, v.Name, v)
				}
				l := Write(News{Kind: kind}, Brand{}, Reader{Audience: a}, Wording{Opening: "<{{" + v.Name + "}}>"}, Links{})
				if l.Paragraphs[0] == "<>" || strings.Contains(l.Paragraphs[0], "{{") {
					t.Errorf("%s.%s: {{%s}} leaves %q", kind, a, v.Name, l.Paragraphs[0])
				}
			}
		}
	}
}

func TestAValueIsNotReadAgain(t *testing.T) {
	t.Parallel()
	n := paid(Payment, "payment_completed", "")
	n.Who = "{{amount}} & {{venue}}"
	if l := Write(n, florist, Reader{Audience: Couple}, Wording{Subject: "For {{couple}}"}, links); l.Subject != "For {{amount}} & {{venue}}" {
		t.Errorf("%q", l.Subject)
	}
}

func TestWarmWordsNeverOpenSadNews(t *testing.T) {
	t.Parallel()
	warm := Wording{Subject: "Hurrah", Opening: "How lovely", Closing: "With joy"}
	for kind, whats := range Whats {
		for _, what := range whats {
			l := Write(News{Kind: kind, What: what}, florist, Reader{Audience: kind.Audiences()[0]}, warm, links)
			if reworded := l.Subject == "Hurrah"; reworded != (kind.Editable() && !Spares(what)) {
				t.Errorf("%s %s: reworded is %t", kind, what, reworded)
			}
		}
		if kind.Editable() && Spares(Whats[kind][0]) {
			t.Errorf("%s: the page previews what is never reworded", kind)
		}
	}
}

func TestCheckWording(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind  Kind
		w     Wording
		field string
		want  string
	}{
		{Booking, Wording{}, "", ""},
		{Booking, Wording{Subject: "{{couple}}", Opening: "{{ venue }} {{news}}", Closing: "{{supplier}}"}, "", ""},
		{Booking, Wording{Opening: "At {{venu}}"}, "opening", "There is no {{venu}} here. Did you mean {{venue}}?"},
		{Booking, Wording{Opening: "{{Couple}}"}, "opening", "There is no {{Couple}} here. Did you mean {{couple}}?"},
		{Booking, Wording{Opening: "{{photographer}}"}, "opening", "There is no {{photographer}} here."},
		{ClientChange, Wording{Closing: "{{venue}}"}, "closing", "There is no {{venue}} here."},
		{Booking, Wording{Opening: "{{couple"}, "opening", "A {{ is not closed."},
		{Booking, Wording{Opening: "{{couple {{venue}}"}, "opening", "A {{ is not closed."},
		{Booking, Wording{Opening: "couple}}"}, "opening", "There is a }} without its {{."},
		{Booking, Wording{Opening: "{{couple}} }}"}, "opening", "There is a }} without its {{."},
		{Booking, Wording{Opening: "{{}}"}, "opening", "There is no {{}} here."},
		{Booking, Wording{Subject: strings.Repeat("é", 151)}, "subject", "This has 151 characters; at most 150 fit."},
		{Booking, Wording{Subject: strings.Repeat("é", 150), Opening: strings.Repeat("é", 2000)}, "", ""},
		{Booking, Wording{Closing: strings.Repeat("é", 2001)}, "closing", "This has 2,001 characters; at most 2,000 fit."},
		{Booking, Wording{Subject: " \u200b\t"}, "subject", "This subject would be empty."},
		{Booking, Wording{Opening: "a\x00b"}, "opening", "This holds characters that are no text."},
		{Booking, Wording{Opening: "a\xffb"}, "opening", "This holds characters that are no text."},
	} {
		got := CheckWording(tt.kind, Team, tt.w)
		if tt.field == "" && len(got) > 0 || tt.field != "" && (len(got) != 1 || !strings.HasPrefix(got[tt.field], tt.want)) {
			t.Errorf("CheckWording(%s, %.40q) = %q, want %s %q", tt.kind, tt.w, got, tt.field, tt.want)
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]bool{"booking.couple": true, "booking.team": true, "client_change.couple": false, "security.person": false, "emergency.team": false, "digest.team": false,
		"allowance.team": false, "": false, ".": false, "booking": false, "booking.couple.x": false, "nothing.team": false} {
		if k, a, ok := ReadKey(key); ok != want || ok && Key(k, a) != key {
			t.Errorf("ReadKey(%q) = %s, %s, %t", key, k, a, ok)
		}
	}
}

func FuzzWording(f *testing.F) {
	for _, text := range append(hostile, "{{couple}}", "{{a}}{{", "}}{{", "{{{{couple}}}}") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w := Wording{Subject: text, Opening: text, Closing: text}
		if faults := CheckWording(Booking, Couple, w); len(faults) > 0 {
			return
		}
		l := Write(kayAndFry(Booking, "booking_new"), florist, Reader{Audience: Couple}, w, links)
		if strings.Contains(strings.Join(l.Paragraphs, ""), "{{") {
			t.Errorf("%q leaves %q", text, l.Paragraphs)
		}
	})
}
