package mail

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/PuerkitoBio/goquery"
)

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// hostile is what names have been, or could be.
var hostile = []string{
	"", " ", "<script>alert(1)</script>", "Anna\r\nBcc: all@example.com", "Anna\x00\x1b[31m\u0085Kay", "\u202eyaK annA\u202c", "\u2066Anna\u2069\u200f\u061c", strings.Repeat("A", 10000),
	strings.Repeat("Wilhelmina Grace ", 600), strings.Repeat("👩‍❤️‍👨", 900), "Ana María & Søren Łukasz Đorđe", "Анна и Том", "דנה ויואב", "花子 & 太郎", "محمد", "\xff\xfe broken \xc3", "{{couple}} {{amount}} {{nothing}}",
	"€€€€€€€€[]{}^~|\\", "a\u0300\u0301\u0302\u0303\u0304\u0305", "{{", "'\"&<>`", "https://evil.example/%0d%0a", "\U000e0041\U000e0042", "Zoë’s “day” — 5 o’clock…",
}

func hard(k Kind, what, name string) News {
	n := with(kayAndFry(k, what), "", "")
	n.Who, n.Title, n.Venue, n.Detail, n.Currency, n.Path, n.Link, n.Code, n.Channel = name, name, name, name, name, name, name, name, name
	n.AmountMinor = ptr(int64(-1 << 63))
	n.Items = []News{{Kind: k, What: what, Who: name, Title: name}, {Kind: Kind(name), What: name, Path: name}}
	return n
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	for i, name := range hostile {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			for _, kind := range append(slices.Clone(Kinds), Kind(name)) {
				for _, what := range append(slices.Clone(Whats[kind]), name) {
					sound(t, hard(kind, what, name), name)
				}
			}
		})
	}
}

func FuzzLetters(f *testing.F) {
	for i, name := range hostile {
		f.Add(name, i, i, int64(i), true)
	}
	f.Fuzz(func(t *testing.T, name string, kind, what int, instant int64, wide bool) {
		k := Kinds[abs(kind)%len(Kinds)]
		n := hard(k, Whats[k][abs(what)%len(Whats[k])], name)
		n.Starts, n.Ends, n.At = ptr(time.Unix(instant, 0)), ptr(time.Unix(instant*3, instant)), time.Unix(-instant, 0)
		if wide {
			n.Used, n.Limit = what, kind
		}
		sound(t, n, name)
	})
}

func abs(n int) int { return max(n&(1<<62-1), 0) }

// sound is what holds for every letter, SMS, push and line, whatever it tells.
func sound(t *testing.T, n News, name string) {
	t.Helper()
	for _, a := range []Audience{Team, Couple, Person, Audience(name)} {
		l := Write(n, Brand{Name: name, Colour: name}, Reader{Name: name, Audience: a}, Wording{Subject: name, Opening: name, Closing: name}, Links{Base: "https://w.example", Unsubscribe: name, Acknowledge: name})
		oneLine(t, "subject", l.Subject, maxLine)
		oneLine(t, "preheader", l.Preheader, maxLine)
		oneLine(t, "heading", l.Heading, maxLine)
		if l.Subject == "" || l.Heading == "" || len(l.Paragraphs) == 0 {
			t.Fatalf("%s %s: an empty letter: %+v", n.Kind, n.What, l)
		}
		if a == Couple || n.Kind == Digest { // drawing is slow, and the layout is one
			wellFormed(t, l)
		}
		for line := range strings.SplitSeq(l.Text(), "\n") {
			if width(line) > columns && !strings.HasPrefix(line, "http") {
				t.Fatalf("%d columns: %q", width(line), line)
			}
		}
	}
	texted(t, SMS(n, Brand{Name: name}, "https://w.example/n/4kd9"), n)
	if text := SMS(n, Brand{Name: name}, "https://w.example/n/4kd9"); n.What != "phone_code" && !strings.HasSuffix(text, " https://w.example/n/4kd9") {
		t.Fatalf("the link is gone: %q", text)
	}
	texted(t, SMS(n, Brand{Name: name}, name), n)
	body, err := json.Marshal(Push(n, Brand{Name: name}))
	if err != nil || len(body) > maxPush {
		t.Fatalf("a push of %d bytes: %v", len(body), err)
	}
	title, rest := Line(n)
	oneLine(t, "line", title, maxLine)
	oneLine(t, "line", rest, 2*maxLine)
	if title == "" {
		t.Fatal("a line without words")
	}
}

func oneLine(t *testing.T, what, s string, max int) {
	t.Helper()
	if utf8.RuneCountInString(s) > max || !utf8.ValidString(s) {
		t.Fatalf("%s has %d characters: %q", what, utf8.RuneCountInString(s), s)
	}
	for _, r := range s {
		if unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029 {
			t.Fatalf("%s holds %U: %q", what, r, s)
		}
	}
}

func wellFormed(t *testing.T, l Letter) {
	t.Helper()
	html, err := l.HTML(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	page, err := goquery.NewDocumentFromReader(strings.NewReader(html))
	if err != nil {
		t.Fatal(err)
	}
	if n := page.Find("script,iframe,object,link,b,img").Length(); n > 0 {
		t.Fatalf("%d elements that nobody of ours wrote: %s", n, html)
	}
	page.Find("a").Each(func(_ int, a *goquery.Selection) {
		if href := a.AttrOr("href", ""); !strings.HasPrefix(href, "https://") && !strings.HasPrefix(href, "http://") && !strings.HasPrefix(href, "tel:") {
			t.Fatalf("leads to %q", href)
		}
	})
	if page.Find("h1").Length() != 1 {
		t.Fatal("not one heading")
	}
}

func texted(t *testing.T, text string, n News) {
	t.Helper()
	size := 0
	for _, r := range text {
		if weight(r) == 0 {
			t.Fatalf("%U is no letter of GSM: %q", r, text)
		}
		size += weight(r)
	}
	if size > maxSMS || strings.ContainsAny(text, "\r\n") || text == "" {
		t.Fatalf("%s %s: %d septets: %q", n.Kind, n.What, size, text)
	}
}

func TestSMS(t *testing.T) {
	t.Parallel()
	long := kayAndFry(Booking, "booking_new")
	long.Who, long.Venue = "Anna-Wilhelmina Featherstonehaugh & Bartholomew Cholmondeley-Warner", "The Orangery at Lower Slaughter Manor, Cheltenham"
	accents := kayAndFry(Booking, "booking_new")
	accents.Who, accents.Venue = "Zoë Brontë & José Núñez", "Château d’Été — Łódź"
	cyrillic := kayAndFry(Booking, "booking_new")
	cyrillic.Who, cyrillic.Title = "Анна и Том", "Анна"
	alarm := examples["emergency"]
	alarm.Detail = "The marquee has come down in the wind, nobody is hurt, but the tables are under it and the guests arrive at two; we need ten hands. Call Maya +44 7700 900123 now"
	for _, tt := range []struct {
		n    News
		want string
	}{
		{long, "Wild Thyme Flowers: New booking from Anna-Wilhelmina & Bartholomew, Sat 12 Jun 2027, 14:00, The Orangery at Lower... https://wedsync.example/n/4kd9"},
		{accents, "Wild Thyme Flowers: New booking from Zoe Bronte & José Nuñez, Sat 12 Jun 2027, 14:00, Chateau d'Été - Lodz. https://wedsync.example/n/4kd9"},
		{cyrillic, "Wild Thyme Flowers: New booking from a client, Sat 12 Jun 2027, 14:00, Holm House. https://wedsync.example/n/4kd9"},
		{alarm, "EMERGENCY, Kay & Fry, Holm House: The marquee has come down in the wind, nobody is hurt, but the ta... +44 7700 900123 I have it: https://wedsync.example/n/4kd9"},
		{examples["security/phone_code"], "123456 is your WedSync code. It works for 10 minutes. Tell it to nobody, not even us."},
	} {
		if got := SMS(tt.n, florist, "https://wedsync.example/n/4kd9"); got != tt.want {
			t.Errorf("got  %q (%d)\nwant %q", got, septets(got), tt.want)
		}
	}
}

// TestSecretsStayWhereTheyBelong: a link or a code is in the letter and the SMS that carry it, and nowhere else.
func TestSecretsStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	for _, what := range Whats[Security] {
		n := account(what, "https://wedsync.example/secret/5d0c", "123456", "", time.Hour)
		title, body := Line(n)
		p := Push(n, florist)
		l := Write(n, florist, Reader{Audience: Person}, Wording{}, links)
		for _, text := range []string{title, body, p.Title, p.Body, p.URL, p.Tag, l.Subject, l.Preheader} {
			if strings.Contains(text, "5d0c") || strings.Contains(text, "123456") {
				t.Errorf("%s: %q tells the secret", what, text)
			}
		}
		if l.Unsubscribe != "" {
			t.Errorf("%s can be turned off", what)
		}
	}
}

func TestWhen(t *testing.T) {
	t.Parallel()
	at := func(hours float64) *time.Time { return ptr(saturday.Add(time.Duration(hours * float64(time.Hour)))) }
	for _, tt := range []struct {
		starts, ends *time.Time
		want         string
	}{
		{nil, nil, ""}, {nil, at(0), ""}, {at(0), nil, "Sat 12 June 2027, 14:00"}, {at(0), at(9), "Sat 12 June 2027, 14:00 to 23:00"},
		{at(0), at(11), "Sat 12 June 2027, 14:00 to 01:00"}, {at(0), at(30), "Sat 12 June 2027, 14:00 to Sun 13 June 2027, 20:00"},
		{at(-14), at(10), "Sat 12 June 2027"}, {at(-14), at(34), "Sat 12 June 2027 to Sun 13 June 2027"}, {at(-14), nil, "Sat 12 June 2027"}, {at(0), at(-3), "Sat 12 June 2027, 14:00"},
		{ptr(time.Time{}), nil, ""}, {ptr(time.Date(12027, 6, 12, 14, 0, 0, 0, time.UTC)), nil, ""},
	} {
		n := News{Starts: tt.starts, Ends: tt.ends}
		if got := setting(n, Brand{}, Reader{}, Links{}).when(); got != tt.want {
			t.Errorf("when(%v, %v) = %q, want %q", tt.starts, tt.ends, got, tt.want)
		}
	}
}

func TestALetterCanBeStoppedUnlessItGuards(t *testing.T) {
	t.Parallel()
	for name, l := range letters(t) {
		guards := strings.HasPrefix(name, "security") || strings.HasPrefix(name, "emergency") || strings.HasPrefix(name, "brand-long") || strings.HasPrefix(name, "test.")
		if guards == (l.Unsubscribe != "") {
			t.Errorf("%s: stopped by %q", name, l.Unsubscribe)
		}
	}
}

func TestACoupleIsNotSentToTheSuppliersPages(t *testing.T) {
	t.Parallel()
	for name, l := range letters(t) {
		if strings.HasSuffix(name, ".couple") && l.Button != nil && strings.Contains(l.Button.Href, "/app") {
			t.Errorf("%s leads to %s", name, l.Button.Href)
		}
	}
}

func TestAPageOfOursIsOurs(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{"/app/weddings": "/app/weddings", "//evil.example": "", `/\evil.example`: "", "https://evil.example": "", "/a b": "", "/a\r\nb": "", "": "", "/app?a=1&b=%20": "/app?a=1&b=%20"} {
		if got := path(given); got != want {
			t.Errorf("path(%q) = %q, want %q", given, got, want)
		}
	}
	for given, want := range map[string]string{"https://a.example/x": "https://a.example/x", "javascript:alert(1)": "", "https://a.example/\nx": "", `https://a.example/"x`: ""} {
		if got := address(given); got != want {
			t.Errorf("address(%q) = %q, want %q", given, got, want)
		}
	}
}

func TestPaintCanAlwaysBeRead(t *testing.T) {
	t.Parallel()
	colours := []string{"", "#ffffff", "#000000", "#fff4c2", "#e07b00", "#777777", "#00ff00", "#4f7a5b", "red", "#12345", "#gggggg", "url(x)"}
	for r := 0; r < 256; r += 51 {
		for g := 0; g < 256; g += 51 {
			for b := 0; b < 256; b += 51 {
				colours = append(colours, rgb{uint8(r), uint8(g), uint8(b)}.String())
			}
		}
	}
	for _, colour := range colours {
		p := Paint(colour)
		for _, pair := range []struct {
			a, b  string
			least float64
		}{{p.Word, paper, 4.5}, {p.Word, surface, 4.5}, {p.WordDark, paperDark, 4.5}, {p.WordDark, surfaceDark, 4.5}, {p.On, p.Button, 4.5}, {p.OnDark, p.ButtonDark, 4.5},
			{p.Button, surface, 3}, {p.ButtonDark, surfaceDark, 3}} {
			if c := contrast(hex(pair.a), hex(pair.b)); c < pair.least {
				t.Errorf("Paint(%q): %s on %s is %.2f", colour, pair.a, pair.b, c)
			}
		}
	}
	if p := Paint("#4f7a5b"); p.Button != "#4f7a5b" {
		t.Errorf("a colour that can be read was changed to %s", p.Button)
	}
}
