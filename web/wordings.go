package web

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/mail"
)

var wordingDone = map[string]string{
	"kept":   "Your words are kept. Letters that go out from now on use them.",
	"reset":  "This letter goes out in our words again.",
	"look":   "The look is kept.",
	"on":     "This letter goes to your couples from now on. What happened before today stays untold.",
	"off":    "This letter goes to your couples no more.",
	"tested": "The test is on its way to you. What becomes of it stands under “Sent”.",
}

// wording is one letter if the address names one, else the list of all.
func (s *Server) wording(c echo.Context) error {
	letter := c.QueryParam("letter")
	if letter == "" {
		return s.drawWordings(c, http.StatusOK, nil)
	}
	return s.drawKeptWording(c, http.StatusOK, letter)
}

func (s *Server) drawKeptWording(c echo.Context, status int, letter string) error {
	w, err := s.q.WordingOf(c.Request().Context(), queries.WordingOfParams{OrgID: visitorOf(c).OrgID, Letter: letter})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	return s.drawWording(c, status, letter, mail.Wording(w), nil)
}

func (s *Server) drawWordings(c echo.Context, status int, faults views.Faults) error {
	v, ctx := visitorOf(c), c.Request().Context()
	org, err := s.q.OrgByID(ctx, v.OrgID)
	if err != nil {
		return err
	}
	rows, err := s.q.Wordings(ctx, v.OrgID)
	if err != nil {
		return err
	}
	view := views.WordingsView{Now: time.Now(), Changed: map[string]time.Time{}, Colour: org.Colour, ReplyTo: org.ReplyTo, Faults: faults}
	for _, row := range rows {
		view.Changed[row.Letter] = row.UpdatedAt
	}
	if view.Couples, err = s.q.LettersToCouples(ctx, v.OrgID); err != nil {
		return err
	}
	if faults != nil {
		view.Colour, view.ReplyTo = c.FormValue("colour"), c.FormValue("reply_to")
	}
	p := s.page(c, "Letters", "settings")
	p.Lead = "What goes out by e-mail, in our words or in yours."
	p.Tabs, p.Flash = settingsTabs("/app/wording"), wordingDone[c.QueryParam("done")]
	return draw(c, status, views.Wordings(p, view))
}

func (s *Server) drawWording(c echo.Context, status int, letter string, w mail.Wording, faults views.Faults) error {
	view, err := s.wordingView(c, letter, w, faults)
	if err != nil {
		return err
	}
	if err := s.roadOf(c, &view, status); err != nil {
		return err
	}
	p := s.page(c, views.LetterName(view.Kind, view.Audience), "settings")
	p.Lead = view.Kind.Words()
	p.Back, p.Flash = &views.Link{Label: "All letters", Href: "/app/wording"}, wordingDone[c.QueryParam("done")]
	return draw(c, status, views.Wording(p, view))
}

// roadOf is whether the letter goes to couples, and where a test of it goes.
func (s *Server) roadOf(c echo.Context, view *views.WordingView, status int) error {
	v, ctx := visitorOf(c), c.Request().Context()
	kinds, err := s.q.LettersToCouples(ctx, v.OrgID)
	if err != nil {
		return err
	}
	view.Couples = view.Audience == mail.Couple && slices.Contains(kinds, string(view.Kind))
	view.Test, err = s.testTo(ctx, v)
	view.Test.Asked = status == http.StatusUnprocessableEntity && len(view.Faults) == 0
	return err
}

// wordingView tries the words on the next wedding. What is wrong with them is shown in ours meanwhile.
func (s *Server) wordingView(c echo.Context, letter string, w mail.Wording, faults views.Faults) (view views.WordingView, err error) {
	v, ctx := visitorOf(c), c.Request().Context()
	kind, audience, ok := mail.ReadKey(letter)
	if !ok {
		return view, errNotFound
	}
	org, err := s.q.OrgByID(ctx, v.OrgID)
	if err != nil {
		return view, err
	}
	rows, err := s.q.Wordings(ctx, v.OrgID)
	if err != nil {
		return view, err
	}
	view = views.WordingView{Kind: kind, Audience: audience, Wording: w, Faults: faults}
	for _, row := range rows {
		view.Changed = view.Changed || row.Letter == letter
	}
	news, wedding, err := s.newsAhead(c, kind)
	if err != nil {
		return view, err
	}
	brand := mail.Brand{Name: org.Name, Colour: org.Colour}
	reader := mail.Reader{Name: v.Person, Audience: audience, Zone: zoneNamed(org.Timezone)}
	if audience == mail.Couple {
		reader.Name = news.Who
	}
	links := mail.Links{Base: strings.TrimSuffix(s.config.URL.String(), "/")}
	view.Ours = mail.Write(news, brand, reader, mail.Wording{}, links)
	view.Preview = views.WordingPreview{Letter: mail.Write(news, brand, reader, sound(w, faults), links), Wedding: wedding, Colour: org.Colour, Wrong: views.WordingFaults(faults)}
	return view, nil
}

// newsAhead is made-up news of the next wedding; with none ahead the wedding is made up too.
func (s *Server) newsAhead(c echo.Context, kind mail.Kind) (n mail.News, wedding string, err error) {
	n = mail.Example(kind)
	now := time.Now()
	row, err := s.q.WeddingAhead(c.Request().Context(), queries.WeddingAheadParams{OrgID: visitorOf(c).OrgID, Now: &now})
	if errors.Is(err, pgx.ErrNoRows) {
		return n, "", nil
	}
	if err != nil || kind == mail.Connection {
		return n, "", err
	}
	who := cmp.Or(inbound.Couple(row.ClientName, row.PartnerName), row.Title)
	return n.About(who, row.Title, row.Timezone, row.Venue, row.StartsLocal, row.EndsLocal), cmp.Or(row.Title, who, "your next wedding"), nil
}

func zoneNamed(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return zone
}

// sound leaves out the fields that have a fault.
func sound(w mail.Wording, faults views.Faults) mail.Wording {
	for field, text := range map[string]*string{"subject": &w.Subject, "opening": &w.Opening, "closing": &w.Closing} {
		if faults[field] != "" {
			*text = ""
		}
	}
	return w
}

// wordingForm reads the form. The faults are the fields' own.
func wordingForm(c echo.Context) (letter string, w mail.Wording, faults views.Faults, err error) {
	letter = c.FormValue("letter")
	kind, audience, ok := mail.ReadKey(letter)
	if !ok {
		return letter, w, nil, errNotFound
	}
	text := func(name string) string {
		return strings.ReplaceAll(strings.TrimSpace(c.FormValue(name)), "\r\n", "\n")
	}
	w = mail.Wording{Subject: text("subject"), Opening: text("opening"), Closing: text("closing")}
	return letter, w, views.Faults(mail.CheckWording(kind, audience, w)), nil
}

// createWording keeps the words; with none in any field it is as if there never were any.
func (s *Server) createWording(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	letter, w, faults, err := wordingForm(c)
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		return s.drawWording(c, http.StatusUnprocessableEntity, letter, w, faults)
	}
	if w == (mail.Wording{}) {
		return s.resetWording(c)
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		if err := q.KeepWording(ctx, queries.KeepWordingParams{OrgID: v.OrgID, Letter: letter, Subject: w.Subject, Opening: w.Opening, Closing: w.Closing, UpdatedBy: &v.UserID}); err != nil {
			return err
		}
		return q.Audit(ctx, queries.AuditParams{OrgID: v.OrgID, UserID: &v.UserID, Action: "wording.kept", Subject: letter, Detail: letterName(letter)})
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/wording?done=kept&letter="+letter)
}

func letterName(letter string) string {
	kind, audience, _ := mail.ReadKey(letter)
	return views.LetterName(kind, audience)
}

// previewWording changes nothing. htmx asks for the preview alone; a browser without JavaScript gets the page with it.
func (s *Server) previewWording(c echo.Context) error {
	letter, w, faults, err := wordingForm(c)
	if err != nil {
		return err
	}
	if c.Request().Header.Get("HX-Request") == "" {
		return s.drawWording(c, http.StatusOK, letter, w, faults)
	}
	view, err := s.wordingView(c, letter, w, faults)
	if err != nil {
		return err
	}
	return draw(c, http.StatusOK, views.WordingShown(view.Preview))
}

// resetWording goes back to our words; going back twice is going back.
func (s *Server) resetWording(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	letter, _, _, err := wordingForm(c)
	if err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		gone, err := q.ForgetWording(ctx, queries.ForgetWordingParams{OrgID: v.OrgID, Letter: letter})
		if err != nil || gone == 0 {
			return err
		}
		return q.Audit(ctx, queries.AuditParams{OrgID: v.OrgID, UserID: &v.UserID, Action: "wording.reset", Subject: letter, Detail: letterName(letter)})
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/wording?done=reset&letter="+letter)
}

// changeLook keeps the supplier's colour and the address for answers. The house's colour is none of theirs.
func (s *Server) changeLook(c echo.Context) error {
	v, ctx := visitorOf(c), c.Request().Context()
	colour, reply := strings.ToLower(strings.TrimSpace(c.FormValue("colour"))), strings.TrimSpace(c.FormValue("reply_to"))
	faults := views.Faults{}
	if colour == views.HouseColour {
		colour = ""
	}
	if colour != "" && !mail.IsColour(colour) {
		faults["colour"] = "Give the colour as # and six digits, such as #4f7a5b."
	}
	if reply != "" && !addressable(reply) {
		faults["reply_to"] = "This is not an e-mail address. Give one such as hello@example.com, or leave the field empty."
	}
	if len(faults) > 0 {
		return s.drawWordings(c, http.StatusUnprocessableEntity, faults)
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		if err := q.SetLook(ctx, queries.SetLookParams{OrgID: v.OrgID, Colour: colour, ReplyTo: reply}); err != nil {
			return err
		}
		return q.Audit(ctx, queries.AuditParams{OrgID: v.OrgID, UserID: &v.UserID, Action: "look.kept", Subject: colour, Detail: reply})
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/app/wording?done=look")
}
