package static

import "regexp"

var (
	cssToken = regexp.MustCompile(`(?s)"(?:[^"\\]|\\.)*"|/\*.*?\*/|\s*[{};,]\s*|\s+`)
	cssColon = regexp.MustCompile(`: +`)
	lastSemi = regexp.MustCompile(`;}`)
	// Numbers are written without the noughts that say nothing, and a child's sign needs no room around it. A range of letters
	// (U+0100) is no such number.
	cssNought = regexp.MustCompile(`([ (,:\-])0(\.\d)`)
	cssTail   = regexp.MustCompile(`(\.\d*[1-9])0+([ ),;/}a-z%])`)
	cssChild  = regexp.MustCompile(` ?> ?`)
	// Inside a rule a selector without & is a descendant's anyway. A type's name keeps its &: older browsers read it as a property.
	cssNested = regexp.MustCompile(`([{};,])&(?: ([.:#\[])|(>))`)
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
	css = cssNought.ReplaceAll(css, []byte("$1$2"))
	css = cssTail.ReplaceAll(css, []byte("$1$2"))
	css = cssChild.ReplaceAll(css, []byte{'>'})
	css = cssNested.ReplaceAll(css, []byte("$1$2$3"))
	return lastSemi.ReplaceAll(css, []byte{'}'})
}
