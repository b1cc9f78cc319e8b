package notify

import (
	"errors"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

// longestTyped is far more than any number needs; whoever sends more does not mean a number.
const longestTyped = 60

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

const notANumber = "This is not a telephone number. Write one such as +44 7911 123456."

// ParsePhone reads what somebody typed as a number that takes text messages; region is how one without a country code is read.
// It gives the number as +447911123456, or what is wrong with it.
func ParsePhone(text, region string) (number, fault string) {
	if utf8.RuneCountInString(text) > longestTyped || !utf8.ValidString(text) {
		return "", notANumber
	}
	text = strings.TrimSpace(strings.Map(shown, text))
	if text == "" {
		return "", "Write the number of a mobile telephone, such as +44 7911 123456."
	}
	parsed, err := phonenumbers.Parse(text, region)
	if err != nil {
		return "", parseFault(err)
	}
	if parsed.GetExtension() != "" {
		return "", "A number with an extension cannot take text messages. Give the number of a mobile telephone."
	}
	if strings.ContainsFunc(text, notOfANumber) {
		return "", notANumber
	}
	if fault := lengthFault(phonenumbers.IsPossibleNumberWithReason(parsed)); fault != "" {
		return "", fault
	}
	number = phonenumbers.Format(parsed, phonenumbers.E164)
	// Numbers that a country has not given out yet, or keeps for films and tests, are possible without being valid. One that
	// still has its trunk 0 after the country code is neither.
	if !e164.MatchString(number) || !phonenumbers.IsValidNumber(parsed) && strings.HasPrefix(phonenumbers.GetNationalSignificantNumber(parsed), "0") {
		return "", "There is no such number in that country. Check the digits, and whether the country code is right."
	}
	if fault := typeFault(phonenumbers.GetNumberType(parsed)); fault != "" {
		return "", fault
	}
	return number, ""
}

// shown drops what cannot be seen: a number copied from an address book often brings marks of direction with it.
func shown(r rune) rune {
	if unicode.Is(unicode.Cf, r) {
		return -1
	}
	return r
}

// notOfANumber: the library would read digits out of any sentence, and 0800 FLOWERS as digits.
func notOfANumber(r rune) bool {
	return !unicode.IsDigit(r) && !unicode.IsSpace(r) && !strings.ContainsRune("+＋()[].-/‐‑‒–—−", r)
}

func parseFault(err error) string {
	switch {
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode):
		return "No country has this code. Begin with + and the country's code, such as +44."
	case errors.Is(err, phonenumbers.ErrTooShortNSN), errors.Is(err, phonenumbers.ErrTooShortAfterIDD):
		return tooShort
	case errors.Is(err, phonenumbers.ErrNumTooLong):
		return tooManyDigits
	default:
		return notANumber
	}
}

const (
	tooShort      = "This number is too short. Check that no digit is missing, and that the area is there."
	tooManyDigits = "This number is too long. Check that it is only one, with its digits written once."
)

func lengthFault(result phonenumbers.ValidationResult) string {
	switch result {
	case phonenumbers.IS_POSSIBLE:
		return ""
	case phonenumbers.TOO_LONG:
		return tooManyDigits
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return tooShort
	case phonenumbers.INVALID_COUNTRY_CODE:
		return parseFault(phonenumbers.ErrInvalidCountryCode)
	default:
		return "Numbers of this length are not possible in that country. Check the digits."
	}
}

// typeFault refuses only what the country's plan is sure of: where landlines and mobiles share their numbers it is not.
func typeFault(kind phonenumbers.PhoneNumberType) string {
	switch kind {
	case phonenumbers.FIXED_LINE:
		return "This is a landline, and those cannot take text messages. Give the number of a mobile telephone."
	case phonenumbers.TOLL_FREE, phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST, phonenumbers.UAN, phonenumbers.PAGER, phonenumbers.VOICEMAIL:
		return "This is a service number, and those cannot take text messages. Give the number of a mobile telephone."
	default:
		return ""
	}
}
