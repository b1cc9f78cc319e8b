package inbound

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/wedsync/wedsync/queries"
)

// written is how the vendors' notifications write an amount: commas in front of each third digit or nowhere, a point
// before the pence. "1.250,00" and "1,25" are refused, because in another country each means something else.
var written = regexp.MustCompile(`^([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\.([0-9]{1,6}))?$`)

// major is an amount in whole currency units, turned into minor units without a float.
func (p part) major(name, currency string) (money queries.Money, said bool) {
	text := p.said(name)
	if text == "" {
		return money, false
	}
	minor, ok := minorOf(withoutSign(text, currency), decimals(currency))
	if !ok || minor > maxMinor {
		p.mustBe(name, "an amount in "+currency+" such as 1,250.00")
		return money, false
	}
	return queries.Money{Minor: minor, Currency: currency}, true
}

func minorOf(text string, decimals int) (minor int64, ok bool) {
	match := written.FindStringSubmatch(text)
	if match == nil {
		return 0, false
	}
	// Zeros behind the pence say nothing ("10.5000"); any other digit there would be rounded away, so it is refused.
	fraction := strings.TrimRight(match[2], "0")
	if len(fraction) > decimals {
		return 0, false
	}
	fraction += strings.Repeat("0", decimals-len(fraction))
	minor, err := strconv.ParseInt(strings.ReplaceAll(match[1], ",", "")+fraction, 10, 64)
	return minor, err == nil
}

// withoutSign takes off a sign or a code only when it is this currency's: "€500" into an account of pounds is no £500.
func withoutSign(text, currency string) string {
	text = strings.TrimSpace(text)
	signs := map[string]string{"GBP": "£", "EUR": "€", "JPY": "¥"}
	sign := signs[currency]
	if strings.HasSuffix(currency, "D") {
		sign = "$" // the dollars: USD, AUD, CAD, NZD …
	}
	for _, mark := range []string{sign, currency} {
		if mark != "" {
			text = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(text, mark), mark))
		}
	}
	return text
}

// inWords is for a reason; the pages have their own way to write money.
func inWords(m queries.Money) string {
	d := decimals(m.Currency)
	digits := fmt.Sprintf("%0*d", d+1, m.Minor)
	if d == 0 {
		return digits + " " + m.Currency
	}
	return digits[:len(digits)-d] + "." + digits[len(digits)-d:] + " " + m.Currency
}

// decimals is ISO 4217's exponent.
func decimals(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	}
	return 2
}
