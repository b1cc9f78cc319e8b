package static

import "regexp"

var (
	cssToken = regexp.MustCompile(`(?s)"(?:[^"\\]|\\.)*"|/\*.*?\*/|\s*[{};,]\s*|\s+`)
	cssColon = regexp.MustCompile(`: +`)
	lastSemi = regexp.MustCompile(`;}`)
)

// Minify takes comments and idle white space out of a stylesheet and touches nothing else: selectors such as "a :hover"
// and sums such as "1px + 2px" keep the spaces that give them their meaning.
func Minify(css []byte) []byte {
	css = cssToken.ReplaceAllFunc(css, func(m []byte) []byte {
		switch {
		case m[0] == '"':
			return m
		case len(m) > 1 && m[0] == '/' && m[1] == '*':
			return nil
		}
		for _, c := range m {
			switch c {
			case '{', '}', ';', ',':
				return []byte{c}
			}
		}
		return []byte{' '}
	})
	css = cssColon.ReplaceAll(css, []byte{':'})
	return lastSemi.ReplaceAll(css, []byte{'}'})
}
