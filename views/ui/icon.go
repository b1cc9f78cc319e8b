package ui

// icons are drawn on a 20 × 20 grid with a stroke of 1.5; each value is what stands inside the svg element.
var icons = map[string]string{
	"today":      `<path d="M3 9l7-6 7 6v7.5a.5.5 0 0 1-.5.5h-13a.5.5 0 0 1-.5-.5z"/><path d="M8 17v-5h4v5"/>`,
	"rings":      `<circle cx="7.2" cy="12" r="4.7"/><circle cx="12.8" cy="12" r="4.7"/><path d="M7.2 7.3L5.6 5l1.6-2.2L8.8 5z"/>`,
	"people":     `<circle cx="7.5" cy="6.5" r="3"/><path d="M2 17c0-3.2 2.4-5.2 5.5-5.2S13 13.8 13 17"/><path d="M13 3.8a3 3 0 0 1 0 5.4M15 12.3c1.9.8 3 2.5 3 4.7"/>`,
	"coins":      `<ellipse cx="8" cy="5.5" rx="5.5" ry="2.5"/><path d="M2.5 5.5v4.5c0 1.4 2.5 2.5 5.5 2.5M2.5 10v4.5C2.5 15.9 5 17 8 17"/><path d="M13.5 5.5V8"/><circle cx="13.5" cy="13" r="4"/>`,
	"plug":       `<path d="M7 2.5V7M13 2.5V7M4.5 7h11v2.5a5.5 5.5 0 0 1-11 0zM10 15v3"/>`,
	"settings":   `<path d="M3 5.5h7M14 5.5h3M3 14.5h3M10 14.5h7"/><circle cx="12" cy="5.5" r="2"/><circle cx="8" cy="14.5" r="2"/>`,
	"inbox":      `<path d="M3 11l2.3-7h9.4l2.3 7v5.5a.5.5 0 0 1-.5.5h-13a.5.5 0 0 1-.5-.5z"/><path d="M3 11h4l1 2.5h4l1-2.5h4"/>`,
	"alert":      `<path d="M10 3l7.8 13.5H2.2z"/><path d="M10 8.2v3.8M10 14.2v.1"/>`,
	"info":       `<circle cx="10" cy="10" r="7.2"/><path d="M10 9v4.5M10 6.4v.1"/>`,
	"check":      `<path d="M4 10.5l4 4 8-9"/>`,
	"cross":      `<path d="M5 5l10 10M15 5L5 15"/>`,
	"copy":       `<rect x="7" y="7" width="10" height="10" rx="2"/><path d="M13 7V5a2 2 0 0 0-2-2H5a2 2 0 0 0-2 2v6a2 2 0 0 0 2 2h2"/>`,
	"arrow":      `<path d="M4 10h12M11.5 5.5L16 10l-4.5 4.5"/>`,
	"arrow-left": `<path d="M16 10H4M8.5 5.5L4 10l4.5 4.5"/>`,
	"up":         `<path d="M10 16V4M5.5 8.5L10 4l4.5 4.5"/>`,
	"down":       `<path d="M10 4v12M5.5 11.5L10 16l4.5-4.5"/>`,
	"search":     `<circle cx="9" cy="9" r="5.5"/><path d="M13 13l4 4"/>`,
	"clock":      `<circle cx="10" cy="10" r="7.2"/><path d="M10 5.8V10l2.8 2"/>`,
	"sun":        `<circle cx="10" cy="10" r="3.5"/><path d="M10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M4.3 15.7l1.1-1.1M14.6 5.4l1.1-1.1"/>`,
	"moon":       `<path d="M16.5 12.2A7 7 0 0 1 7.8 3.5a7 7 0 1 0 8.7 8.7z"/>`,
	"calendar":   `<rect x="3" y="4.5" width="14" height="12.5" rx="2"/><path d="M3 8.5h14M6.5 2.5v3.5M13.5 2.5v3.5"/>`,
	"bell":       `<path d="M4.5 14c1.2-1.2 1.2-2.5 1.2-5a4.3 4.3 0 0 1 8.6 0c0 2.5 0 3.8 1.2 5z"/><path d="M8.3 16.5a1.8 1.8 0 0 0 3.4 0"/>`,
	"sign-out":   `<path d="M8 3H4.5A1.5 1.5 0 0 0 3 4.5v11A1.5 1.5 0 0 0 4.5 17H8M8 10h9M13.5 6.5L17 10l-3.5 3.5"/>`,
	"plus":       `<path d="M10 4v12M4 10h12"/>`,
	"more":       `<circle cx="4.5" cy="10" r="1"/><circle cx="10" cy="10" r="1"/><circle cx="15.5" cy="10" r="1"/>`,
	"mail":       `<rect x="2.5" y="4.5" width="15" height="11" rx="2"/><path d="M3 6l7 5 7-5"/>`,
	"bubble":     `<path d="M3 4.5h14v9H9.5L6 17v-3.5H3z"/>`,
	"place":      `<path d="M10 17.5c3.5-3.8 5.3-6.6 5.3-9A5.2 5.2 0 0 0 10 3a5.2 5.2 0 0 0-5.3 5.5c0 2.4 1.8 5.2 5.3 9z"/><circle cx="10" cy="8.5" r="1.8"/>`,
	"sync":       `<path d="M16.5 8A7 7 0 0 0 4 6.3M3.5 3v3.5H7M3.5 12A7 7 0 0 0 16 13.7M16.5 17v-3.5H13"/>`,
	"heart":      `<path d="M10 16.5S3 12.6 3 7.9A3.7 3.7 0 0 1 10 6.3a3.7 3.7 0 0 1 7 1.6c0 4.7-7 8.6-7 8.6z"/>`,
	"external":   `<path d="M11 3h6v6M17 3l-8 8M14 12v4a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1h4"/>`,
	"eye":        `<path d="M1.8 10S4.8 4.5 10 4.5 18.2 10 18.2 10 15.2 15.5 10 15.5 1.8 10 1.8 10z"/><circle cx="10" cy="10" r="2.3"/>`,
	"ops":        `<path d="M3 13a7 7 0 1 1 14 0M10 13l3-4"/><path d="M3 16.5h14"/>`,
	"link":       `<path d="M8.5 11.5a3.3 3.3 0 0 0 4.7 0l3-3a3.3 3.3 0 0 0-4.7-4.7l-1 1M11.5 8.5a3.3 3.3 0 0 0-4.7 0l-3 3a3.3 3.3 0 0 0 4.7 4.7l1-1"/>`,
}

// glyph is the inside of an icon. A name without a drawing is a programmer's mistake.
func glyph(name string) string {
	g, ok := icons[name]
	if !ok {
		panic("ui: there is no icon called " + name)
	}
	return g
}
