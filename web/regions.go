package web

import (
	"slices"
	"strings"

	"github.com/wedsync/wedsync/views/ui"
)

// countries are where suppliers are: how each reads a telephone number without a country code, and the time zones by which
// sign-up guesses it. A zone that is not here is read as British until an owner says otherwise.
var countries = []struct {
	region, name string
	zones        string
}{
	{"AE", "United Arab Emirates", "Asia/Dubai"}, {"AR", "Argentina", "America/Argentina/Buenos_Aires"}, {"AT", "Austria", "Europe/Vienna"},
	{"AU", "Australia", "Australia/Perth Australia/Adelaide Australia/Darwin Australia/Brisbane Australia/Melbourne Australia/Hobart Australia/Sydney"},
	{"BE", "Belgium", "Europe/Brussels"}, {"BG", "Bulgaria", "Europe/Sofia"}, {"BR", "Brazil", "America/Sao_Paulo America/Bahia America/Manaus America/Fortaleza"},
	{"CA", "Canada", "America/Toronto America/St_Johns America/Halifax America/Winnipeg America/Edmonton America/Vancouver America/Montreal"},
	{"CH", "Switzerland", "Europe/Zurich"}, {"CL", "Chile", "America/Santiago"}, {"CO", "Colombia", "America/Bogota"}, {"CY", "Cyprus", "Asia/Nicosia"},
	{"CZ", "Czechia", "Europe/Prague"}, {"DE", "Germany", "Europe/Berlin"}, {"DK", "Denmark", "Europe/Copenhagen"}, {"EE", "Estonia", "Europe/Tallinn"},
	{"EG", "Egypt", "Africa/Cairo"}, {"ES", "Spain", "Europe/Madrid Atlantic/Canary"}, {"FI", "Finland", "Europe/Helsinki"}, {"FR", "France", "Europe/Paris"},
	{"GB", "United Kingdom", "Europe/London UTC"}, {"GH", "Ghana", "Africa/Accra"}, {"GR", "Greece", "Europe/Athens"}, {"HK", "Hong Kong", "Asia/Hong_Kong"},
	{"HR", "Croatia", "Europe/Zagreb"}, {"HU", "Hungary", "Europe/Budapest"}, {"ID", "Indonesia", "Asia/Jakarta Asia/Makassar"},
	{"IE", "Ireland", "Europe/Dublin"}, {"IL", "Israel", "Asia/Jerusalem"}, {"IN", "India", "Asia/Kolkata Asia/Calcutta"}, {"IS", "Iceland", "Atlantic/Reykjavik"},
	{"IT", "Italy", "Europe/Rome"}, {"JP", "Japan", "Asia/Tokyo"}, {"KE", "Kenya", "Africa/Nairobi"}, {"KR", "South Korea", "Asia/Seoul"}, {"KW", "Kuwait", "Asia/Kuwait"},
	{"LT", "Lithuania", "Europe/Vilnius"}, {"LU", "Luxembourg", "Europe/Luxembourg"}, {"LV", "Latvia", "Europe/Riga"}, {"MA", "Morocco", "Africa/Casablanca"},
	{"MT", "Malta", "Europe/Malta"}, {"MX", "Mexico", "America/Mexico_City America/Cancun America/Tijuana"}, {"MY", "Malaysia", "Asia/Kuala_Lumpur"},
	{"NG", "Nigeria", "Africa/Lagos"}, {"NL", "Netherlands", "Europe/Amsterdam"}, {"NO", "Norway", "Europe/Oslo"}, {"NP", "Nepal", "Asia/Kathmandu"},
	{"NZ", "New Zealand", "Pacific/Auckland"}, {"PH", "Philippines", "Asia/Manila"}, {"PL", "Poland", "Europe/Warsaw"},
	{"PT", "Portugal", "Europe/Lisbon Atlantic/Madeira Atlantic/Azores"}, {"RO", "Romania", "Europe/Bucharest"}, {"SA", "Saudi Arabia", "Asia/Riyadh"},
	{"SE", "Sweden", "Europe/Stockholm"}, {"SG", "Singapore", "Asia/Singapore"}, {"SI", "Slovenia", "Europe/Ljubljana"}, {"SK", "Slovakia", "Europe/Bratislava"},
	{"TH", "Thailand", "Asia/Bangkok"}, {"TR", "Türkiye", "Europe/Istanbul"},
	{"US", "United States", "America/New_York America/Chicago America/Denver America/Phoenix America/Los_Angeles America/Anchorage America/Detroit Pacific/Honolulu"},
	{"ZA", "South Africa", "Africa/Johannesburg"},
}

// regionOf guesses from a time zone how numbers are read there.
func regionOf(zone string) string {
	for _, c := range countries {
		if slices.Contains(strings.Fields(c.zones), zone) {
			return c.region
		}
	}
	return "GB"
}

func regionName(region string) string {
	for _, c := range countries {
		if c.region == region {
			return c.name
		}
	}
	return region
}

// regions are the countries to choose from, by name.
func regions() []ui.Option {
	all := make([]ui.Option, len(countries))
	for i, c := range countries {
		all[i] = ui.Option{Value: c.region, Label: c.name}
	}
	slices.SortFunc(all, func(a, b ui.Option) int { return strings.Compare(a.Label, b.Label) })
	return all
}
