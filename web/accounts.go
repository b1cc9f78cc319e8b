package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/ui"
)

const shortestPassword = 10

// NewSupplier is what it takes to open a supplier's account, in the page and on the command line.
type NewSupplier struct {
	Name, Category, Timezone, Currency, Person, Email, Password string
	Tier                                                        queries.Tier
	Verified                                                    bool // somebody vouches that the address is theirs
}

// Check gives what is wrong, by field, in words.
func (n NewSupplier) Check() views.Faults {
	faults := views.Faults{}
	say := func(wrong bool, field, words string) {
		if wrong && faults[field] == "" {
			faults[field] = words
		}
	}
	_, currencyKnown := queries.ParseCurrency(n.Currency)
	say(!named(n.Name), "name", "Give the name of your business, up to 120 characters.")
	say(!slices.ContainsFunc(views.Categories, func(c views.Category) bool { return c.Key == n.Category }), "category", "Choose what you do from the list.")
	say(!isZone(n.Timezone), "timezone", "Choose a time zone such as Europe/London.")
	say(!currencyKnown, "currency", "Choose a currency such as GBP.")
	say(!named(n.Person), "person", "Give your name, up to 120 characters.")
	checkSignIn(say, n.Email, n.Password)
	return faults
}

func checkSignIn(say func(bool, string, string), email, password string) {
	say(!addressable(email), "email", noAddress)
	checkPassword(say, password)
}

const noAddress = "Give an e-mail address such as anna@example.com."

func checkPassword(say func(bool, string, string), password string) {
	say(utf8.RuneCountInString(password) < shortestPassword, "password", "Choose a password of at least 10 characters.")
	say(len(password) > 1000, "password", "A password of up to 1000 characters is enough.")
}

func named(s string) bool {
	return strings.TrimSpace(s) != "" && utf8.RuneCountInString(s) <= 120 && utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

// isZone wants a name that Postgres knows as well: Go also loads "./Europe/London", and one organisation with that would
// stop every query that asks for the local day of all of them.
func isZone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil && zoneName.MatchString(name) && !slices.Contains([]string{"Local", "localtime", "posixrules", "Factory"}, name) &&
		!strings.HasPrefix(name, "right/") && !strings.HasPrefix(name, "posix/")
}

var zoneName = regexp.MustCompile(`^[A-Za-z]+([/_+-][A-Za-z0-9]+)*$`)

func addressable(email string) bool {
	a, err := mail.ParseAddress(email)
	return err == nil && a.Address == email && len(email) <= 254 && !strings.ContainsRune(email, 0)
}

var taken = views.Faults{"email": "This address has an account already. Sign in instead, or use another address."}

// OpenSupplier opens the account. Faults come back as values; an error is something else.
func OpenSupplier(ctx context.Context, pool *pgxpool.Pool, n NewSupplier) (queries.CreateSupplierRow, views.Faults, error) {
	if faults := n.Check(); len(faults) > 0 {
		return queries.CreateSupplierRow{}, faults, nil
	}
	row, err := queries.New(pool).CreateSupplier(ctx, n.params())
	if isTaken(err) {
		return row, taken, nil
	}
	return row, nil, err
}

func (n NewSupplier) params() queries.CreateSupplierParams {
	currency, _ := queries.ParseCurrency(n.Currency)
	return queries.CreateSupplierParams{
		OrgName: strings.TrimSpace(n.Name), Category: n.Category, Timezone: n.Timezone, Currency: currency, Tier: cmp.Or(n.Tier, queries.TierFree),
		Email: n.Email, PersonName: strings.TrimSpace(n.Person), PasswordHash: seal.HashPassword(n.Password), Verified: n.Verified,
		Region: regionOf(n.Timezone),
	}
}

func isTaken(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == "23505" && refused.ConstraintName == "users_email"
}

func (s *Server) landing(c echo.Context) error {
	if v, err := s.who(c); err == nil && v.Role != "" {
		return c.Redirect(http.StatusSeeOther, "/app")
	} else if err == nil && v.CoupleID != [16]byte{} {
		return c.Redirect(http.StatusSeeOther, "/us")
	}
	p := s.open("The whole season, on one page", "")
	p.Description = "WedSync keeps a wedding supplier's bookings, payments and calendars on one page that moves by itself."
	return draw(c, http.StatusOK, views.Landing(p))
}

func (s *Server) signupForm(c echo.Context) error {
	return s.drawSignup(c, http.StatusOK, views.SignUp{Timezone: "Europe/London", Currency: "GBP"})
}

func (s *Server) drawSignup(c echo.Context, status int, f views.SignUp) error {
	f.Zones, f.Currencies = zones(), currencies()
	return draw(c, status, views.Signup(s.open("Open an account", "For suppliers. It takes a minute."), f))
}

func (s *Server) signup(c echo.Context) error {
	n := NewSupplier{Name: c.FormValue("name"), Category: c.FormValue("category"), Timezone: c.FormValue("timezone"), Currency: c.FormValue("currency"),
		Person: c.FormValue("person"), Email: strings.TrimSpace(c.FormValue("email")), Password: c.FormValue("password")}
	made, faults, err := s.openFromOutside(c, n)
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		return s.drawSignup(c, http.StatusUnprocessableEntity, views.SignUp{Name: n.Name, Category: n.Category, Timezone: n.Timezone, Currency: n.Currency,
			Person: n.Person, Email: n.Email, Faults: faults})
	}
	home, err := s.signIn(c, made.UserID, s.recognise(c, made.UserID))
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, home)
}

// openFromOutside opens an account for whoever asks, and asks by mail whether the address is theirs.
func (s *Server) openFromOutside(c echo.Context, n NewSupplier) (made queries.CreateSupplierRow, faults views.Faults, err error) {
	if faults := n.Check(); len(faults) > 0 {
		return made, faults, nil
	}
	if err := s.tooManyLetters(c); err != nil {
		return made, nil, err
	}
	ctx := c.Request().Context()
	p := n.params() // hashes the password: that takes a while, and the transaction is short
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) (err error) {
		if made, err = queries.New(tx).CreateSupplier(ctx, p); err != nil {
			return err
		}
		_, err = s.mailLink(ctx, tx, jobs.Link{UserID: made.UserID, Purpose: queries.TokenPurposeVerify})
		return err
	})
	if isTaken(err) {
		return made, taken, nil
	}
	return made, nil, err
}

func (s *Server) loginForm(c echo.Context) error {
	f := views.SignIn{Email: c.QueryParam("email"), Next: local(c.QueryParam("next")), Sent: c.QueryParam("sent") != ""}
	return s.drawLogin(c, http.StatusOK, f)
}

func (s *Server) drawLogin(c echo.Context, status int, f views.SignIn) error {
	return draw(c, status, views.Login(s.open("Sign in", ""), f))
}

// login answers the same, as slowly, whether the address or the password is wrong.
func (s *Server) login(c echo.Context) error {
	email, caller := strings.TrimSpace(c.FormValue("email")), c.RealIP()+" "+strings.ToLower(c.FormValue("email"))
	if s.badLogins.over(caller, time.Now()) {
		return errTooOften
	}
	user := queries.UserByEmailRow{}
	if addressable(email) { // what is not an address is nobody's, and may be no text that Postgres takes
		var err error
		if user, err = s.q.UserByEmail(c.Request().Context(), email); err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
	}
	if !seal.CheckPassword(user.PasswordHash, c.FormValue("password")) {
		s.badLogins.strike(caller, time.Now())
		return s.drawLogin(c, http.StatusUnauthorized, views.SignIn{Email: email, Next: local(c.FormValue("next")),
			Error: "The address and the password do not belong together. Check both, and try again."})
	}
	s.badLogins.clear(caller)
	home, err := s.signIn(c, user.ID, s.recognise(c, user.ID))
	if err != nil {
		return err
	}
	if next := local(c.FormValue("next")); next != "" {
		home = next
	}
	return c.Redirect(http.StatusSeeOther, home)
}

func zones() []ui.Option {
	var all []ui.Option
	for _, z := range []string{"Europe/London", "Europe/Dublin", "Europe/Lisbon", "Europe/Paris", "Europe/Madrid", "Europe/Rome", "Europe/Berlin", "Europe/Amsterdam",
		"Europe/Stockholm", "Europe/Warsaw", "Europe/Athens", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Toronto",
		"America/St_Johns", "America/Mexico_City", "America/Sao_Paulo", "Africa/Lagos", "Africa/Johannesburg", "Asia/Dubai", "Asia/Kolkata", "Asia/Kathmandu",
		"Asia/Singapore", "Asia/Tokyo", "Australia/Perth", "Australia/Adelaide", "Australia/Sydney", "Pacific/Auckland", "UTC"} {
		all = append(all, ui.Option{Value: z, Label: strings.ReplaceAll(z, "_", " ")})
	}
	return all
}

func currencies() []ui.Option {
	var all []ui.Option
	for _, c := range []string{"GBP", "EUR", "USD", "AUD", "CAD", "CHF", "DKK", "HKD", "INR", "JPY", "KWD", "MXN", "NGN", "NOK", "NZD", "PLN", "SEK", "SGD", "ZAR", "AED"} {
		all = append(all, ui.Option{Value: c, Label: c})
	}
	return all
}
