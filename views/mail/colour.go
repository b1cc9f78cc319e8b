package mail

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The house's colours, as hex: mail clients know no others. They are the pages' tokens, morning and evening.
const (
	paper, paperDark     = "#f9f5ee", "#1a1312"
	surface, surfaceDark = "#fefdfa", "#241b19"
	ink, inkDark         = "#2e1e1d", "#eee9df"
	soft, softDark       = "#685854", "#b5aaa1"
	line, lineDark       = "#e2dbd2", "#3c312f"
	garnet, white        = "#811d35", "#ffffff"
	alarm                = "#972c1a"
)

// Palette is a supplier's colour in the four places where a letter uses it, fit to be read.
type Palette struct {
	Word, WordDark     string // as text, on paper
	Button, ButtonDark string // as an area
	On, OnDark         string // the text on that area
}

// Paint keeps a supplier's colour where it can be read, and moves it towards ink (by day) or white (by night) where it cannot.
// What is no colour is the house's.
func Paint(colour string) Palette {
	c, ok := parse(colour)
	if !ok {
		c, _ = parse(garnet)
	}
	p := Palette{
		Word:     towards(c, ink, func(c rgb) bool { return contrast(c, hex(paper)) >= 4.5 && contrast(c, hex(surface)) >= 4.5 }).String(),
		WordDark: towards(c, white, func(c rgb) bool { return contrast(c, hex(paperDark)) >= 4.5 && contrast(c, hex(surfaceDark)) >= 4.5 }).String(),
	}
	area := func(ground, to string) (string, string) {
		c := towards(c, to, func(c rgb) bool { return contrast(c, hex(ground)) >= 3 && contrast(c, hex(over(c))) >= 4.5 })
		return c.String(), over(c)
	}
	p.Button, p.On = area(surface, ink)
	p.ButtonDark, p.OnDark = area(surfaceDark, white)
	return p
}

// IsColour: written as "#rrggbb".
func IsColour(s string) bool {
	_, ok := parse(s)
	return ok && !strings.ContainsAny(s, "+_")
}

// over is the text that reads best over a colour: white or ink.
func over(c rgb) string {
	if contrast(c, hex(white)) >= contrast(c, hex(ink)) {
		return white
	}
	return ink
}

// towards mixes a colour with another, a twentieth at a time, until it is fine.
func towards(c rgb, other string, fine func(rgb) bool) rgb {
	to := hex(other)
	for i := range 21 {
		part := float64(i) / 20
		mixed := rgb{mix(c.r, to.r, part), mix(c.g, to.g, part), mix(c.b, to.b, part)}
		if fine(mixed) {
			return mixed
		}
	}
	return to
}

func mix(a, b uint8, part float64) uint8 {
	return uint8(math.Round(float64(a) + (float64(b)-float64(a))*part))
}

type rgb struct{ r, g, b uint8 }

func (c rgb) String() string { return fmt.Sprintf("#%02x%02x%02x", c.r, c.g, c.b) }

func hex(s string) rgb {
	c, _ := parse(s)
	return c
}

func parse(s string) (rgb, bool) {
	if len(s) != 7 || s[0] != '#' {
		return rgb{}, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	return rgb{uint8(n >> 16), uint8(n >> 8), uint8(n)}, err == nil
}

// contrast is WCAG's, from 1 to 21.
func contrast(a, b rgb) float64 {
	la, lb := luminance(a), luminance(b)
	return (math.Max(la, lb) + 0.05) / (math.Min(la, lb) + 0.05)
}

func luminance(c rgb) float64 {
	channel := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.03928 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(c.r) + 0.7152*channel(c.g) + 0.0722*channel(c.b)
}
