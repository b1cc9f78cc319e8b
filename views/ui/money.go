package ui

import (
	"strconv"
	"strings"
)

// Money writes an amount of minor units with its currency: Money(250000, "GBP") → "£2,500.00".
func Money(minor int64, currency string) string {
	return money(minor, currency, false)
}

// Short leaves the minor units out of a whole amount: Short(250000, "GBP") → "£2,500", Short(250050, "GBP") → "£2,500.50".
func Short(minor int64, currency string) string {
	return money(minor, currency, true)
}

func money(minor int64, currency string, short bool) string {
	currency = strings.ToUpper(currency)
	digits := MinorDigits(currency)
	sign, abs := "", strconv.FormatInt(minor, 10)
	if minor < 0 {
		sign, abs = "−", abs[1:]
	}
	for len(abs) <= digits {
		abs = "0" + abs
	}
	whole, part := abs[:len(abs)-digits], abs[len(abs)-digits:]
	text := Thousands(whole)
	if digits > 0 && !(short && strings.Trim(part, "0") == "") {
		text += "." + part
	}
	return sign + symbol(currency) + text
}

// Count writes a number with its thousands apart: 12480 → "12,480".
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	if n < 0 {
		return "−" + Thousands(s[1:])
	}
	return Thousands(s)
}

// Thousands puts commas into a run of digits.
func Thousands(digits string) string {
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// MinorDigits is how many digits ISO 4217 gives the minor unit of a currency.
func MinorDigits(currency string) int {
	switch strings.ToUpper(currency) {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	case "CLF", "UYW":
		return 4
	}
	return 2
}

// symbol is the sign where one reader could not take it for another currency's, else the code itself.
func symbol(currency string) string {
	switch currency {
	case "GBP":
		return "£"
	case "EUR":
		return "€"
	case "USD":
		return "$"
	case "AUD":
		return "A$"
	case "CAD":
		return "C$"
	case "NZD":
		return "NZ$"
	case "INR":
		return "₹"
	case "JPY":
		return "¥"
	}
	return currency + "\u00a0"
}
