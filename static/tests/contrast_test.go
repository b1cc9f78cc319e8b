package tests

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"testing"
)

type rgb [3]float64 // linear light

// pairs are the colours that meet: what is written or drawn, what it stands on, and how far apart they have to be (WCAG 2.2, 1.4.3 and 1.4.11).
var pairs = []struct {
	front string
	backs []string
	least float64
}{
	{"ink", []string{"paper", "surface", "sunken", "accent-soft", "good-soft", "warn-soft", "bad-soft"}, 7},
	{"ink-soft", []string{"paper", "surface", "sunken"}, 4.5},
	{"accent", []string{"paper", "surface", "accent-soft"}, 4.5},
	{"good", []string{"paper", "surface", "good-soft"}, 4.5},
	{"warn", []string{"paper", "surface", "warn-soft"}, 4.5},
	{"bad", []string{"paper", "surface", "bad-soft"}, 4.5},
	{"on-fill", []string{"fill", "fill-hover", "alarm"}, 4.5},
	{"edge", []string{"paper", "surface"}, 3},
	{"fill", []string{"paper", "surface"}, 3},
	{"accent", []string{"paper", "surface", "sunken"}, 3},
}

func TestContrast(t *testing.T) {
	t.Parallel()
	light, dark := tokens(t)
	for name, scheme := range map[string]map[string]rgb{"light": light, "dark": dark} {
		for _, p := range pairs {
			for _, back := range p.backs {
				f, ok1 := scheme[p.front]
				b, ok2 := scheme[back]
				if !ok1 || !ok2 {
					t.Fatalf("tokens.css has no --%s or no --%s", p.front, back)
				}
				if got := contrast(f, b); got < p.least {
					t.Errorf("%s: --%s on --%s is %.2f : 1, want %.1f", name, p.front, back, got, p.least)
				}
			}
		}
	}
}

var token = regexp.MustCompile(`--([\w-]+): light-dark\(oklch\(([\d.]+) ([\d.]+) ([\d.]+)\), oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)\)`)

func tokens(t *testing.T) (light, dark map[string]rgb) {
	t.Helper()
	css, err := os.ReadFile("../css/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark = map[string]rgb{}, map[string]rgb{}
	for _, m := range token.FindAllStringSubmatch(string(css), -1) {
		var v [6]float64
		for i := range v {
			v[i], _ = strconv.ParseFloat(m[i+2], 64)
		}
		light[m[1]], dark[m[1]] = fromOKLCH(v[0], v[1], v[2]), fromOKLCH(v[3], v[4], v[5])
	}
	return light, dark
}

// fromOKLCH is Björn Ottosson's matrix, as CSS Color 4 has it; what lies outside sRGB is clipped, as a browser without a wider gamut does.
func fromOKLCH(l, c, h float64) rgb {
	a, b := c*math.Cos(h*math.Pi/180), c*math.Sin(h*math.Pi/180)
	cube := func(x float64) float64 { return x * x * x }
	L := cube(l + 0.3963377774*a + 0.2158037573*b)
	M := cube(l - 0.1055613458*a - 0.0638541728*b)
	S := cube(l - 0.0894841775*a - 1.2914855480*b)
	clip := func(x float64) float64 { return math.Min(math.Max(x, 0), 1) }
	return rgb{
		clip(4.0767416621*L - 3.3077115913*M + 0.2309699292*S),
		clip(-1.2684380046*L + 2.6097574011*M - 0.3413193965*S),
		clip(-0.0041960863*L - 0.7034186147*M + 1.7076147010*S),
	}
}

func contrast(a, b rgb) float64 {
	la, lb := luminance(a), luminance(b)
	return (math.Max(la, lb) + 0.05) / (math.Min(la, lb) + 0.05)
}

func luminance(c rgb) float64 { return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2] }
