package queries

import (
	"strings"

	"github.com/google/uuid"
)

// House is the organisation that mail of the house itself, and breakers of carriers that serve everybody, belong to. It has
// no members. Migration 0008 makes it.
var House = uuid.MustParse("00000000-0000-4000-8000-000000000001")

// Money is an amount in the currency's minor unit (pence, cents; whole yen) with its ISO 4217 code.
type Money struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
}

// ParseCurrency takes "gbp" or "GBP" and gives "GBP"; ok is false for what cannot be an ISO 4217 code.
func ParseCurrency(code string) (currency string, ok bool) {
	code = strings.ToUpper(strings.TrimSpace(code))
	if len(code) != 3 {
		return "", false
	}
	for _, r := range code {
		if r < 'A' || r > 'Z' {
			return "", false
		}
	}
	return code, true
}

// Stamps say, field by field, which moment's event last set a value: see inbound.Stamp for the text and its order.
type Stamps map[string]string
