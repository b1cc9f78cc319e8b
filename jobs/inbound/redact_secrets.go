package inbound

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
)

var secretNames = []string{
	"secret", "token", "password", "passwd", "passphrase", "authorization", "apikey", "privatekey", "accesskey", "credential",
	"signature", "cardnumber", "cvc", "cvv", "iban", "accountnumber", "sortcode",
}

func looksSecret(name string) bool {
	letters := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
	return slices.ContainsFunc(secretNames, func(s string) bool { return strings.Contains(letters, s) })
}

// isCard is Luhn's sum over 13 to 19 digits that begin as the card schemes do; a +44… telephone number is none.
func isCard(value any) bool {
	text, isText := value.(string)
	if number, isNumber := value.(json.Number); isNumber {
		text, isText = number.String(), true
	}
	if !isText || len(text) > 40 {
		return false
	}
	digits := strings.NewReplacer(" ", "", "-", "").Replace(text)
	if len(digits) < 13 || len(digits) > 19 || digits[0] < '2' || digits[0] > '6' {
		return false
	}
	sum := 0
	for i := range len(digits) {
		digit := int(digits[len(digits)-1-i]) - '0'
		if digit < 0 || digit > 9 {
			return false
		}
		if i%2 == 1 {
			digit = digit/5 + digit*2%10
		}
		sum += digit
	}
	return sum%10 == 0
}
