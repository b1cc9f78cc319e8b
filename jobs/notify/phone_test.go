package notify

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParsePhone(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, region, want, fault string }{
		{"+44 (0)7700 900123", "GB", "+447700900123", ""},
		{"07700 900123", "GB", "+447700900123", ""},
		{" 07911-123456\t", "GB", "+447911123456", ""},
		{"0044 7911 123456", "GB", "+447911123456", ""},
		{"++447911123456", "GB", "+447911123456", ""},
		{"+44 7911 123456", "US", "+447911123456", ""},
		{"+44 7911 123456", "", "+447911123456", ""},
		{"(415) 555-2671", "US", "+14155552671", ""}, // a landline or a mobile: nobody can tell there
		{"06 12 34 56 78", "FR", "+33612345678", ""},
		{"0412 345 678", "AU", "+61412345678", ""},
		{"+1 500 555 0006", "GB", "+15005550006", ""},
		{"\u202a+447911123456\u202c", "GB", "+447911123456", ""}, // as an address book copies it
		{"٠٧٩١١١٢٣٤٥٦", "GB", "+447911123456", ""},
		{"＋４４７９１１１２３４５６", "GB", "+447911123456", ""},

		{"", "GB", "", "Write the number"},
		{" \u200b\u202e ", "GB", "", "Write the number"},
		{"hello", "GB", "", "not a telephone number"},
		{"call 07911 123456", "GB", "", "not a telephone number"},
		{"0800 FLOWERS", "GB", "", "not a telephone number"},
		{"📞07911123456", "GB", "", "not a telephone number"},
		{"07911 123456, 07911 123457", "GB", "", "not a telephone number"},
		{"07911123456\r\nBcc: all", "GB", "", "not a telephone number"},
		{"tel:+447911123456;ext=5", "GB", "", "extension"},
		{"07911 123456 ext 5", "GB", "", "extension"},
		{"07911 123456 x12", "GB", "", "extension"},
		{strings.Repeat("1", 10_000), "GB", "", "not a telephone number"},
		{strings.Repeat("ض", 10_000), "GB", "", "not a telephone number"},
		{"\xff\xfe07911", "GB", "", "not a telephone number"},
		{"07911\x00123456", "GB", "", "not a telephone number"},
		{"+", "GB", "", "not a telephone number"},
		{"07700", "GB", "", "too short"},
		{"112", "GB", "", "too short"},
		{"+44", "GB", "", "not a telephone number"},
		{"07911 123456 789", "GB", "", "too long"},
		{"+44 7911 1234 5678 9012 3456", "GB", "", "too long"},
		{"+999 123 456", "GB", "", "No country"},
		{"07911 123456", "ZZ", "", "No country"},
		{"07911 123456", "", "", "No country"},
		{"079111234", "GB", "", "no such number"}, // nine digits with the trunk 0 among them
		{"020 7946 0958", "GB", "", "landline"},
		{"01 42 68 53 00", "FR", "", "landline"},
		{"0909 879 0000", "GB", "", "service number"},
		{"0800 123 4567", "GB", "", "service number"},
	}
	for _, tt := range tests {
		number, fault := ParsePhone(tt.text, tt.region)
		if number != tt.want || tt.fault == "" != (fault == "") || !strings.Contains(fault, tt.fault) {
			t.Errorf("%.60q in %q: %q, %q; want %q, %q", tt.text, tt.region, number, fault, tt.want, tt.fault)
		}
	}
}

func FuzzParsePhone(f *testing.F) {
	for _, seed := range []string{"+44 (0)7700 900123", "07911 123456 ext 5", "0800 FLOWERS", "\u202a+1 415 555 2671", "٠٧٩١١", "", "tel:+44;phone-context=x"} {
		f.Add(seed, "GB")
	}
	f.Fuzz(func(t *testing.T, text, region string) {
		number, fault := ParsePhone(text, region)
		switch {
		case (number == "") == (fault == ""):
			t.Errorf("%q in %q: %q and %q", text, region, number, fault)
		case !utf8.ValidString(fault) || strings.Contains(fault, text) && len(text) > 20:
			t.Errorf("%q: says back what was typed: %q", text, fault)
		case number == "":
			return
		case !e164.MatchString(number):
			t.Errorf("%q in %q: %q", text, region, number)
		}
		if again, fault := ParsePhone(number, ""); again != number {
			t.Errorf("%q became %q, and that %q: %s", text, number, again, fault)
		}
	})
}
