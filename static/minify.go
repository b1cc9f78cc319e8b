package static

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
)

var (
	cssName  = regexp.MustCompile(`--[a-z][a-z0-9-]*`)
	cssRange = regexp.MustCompile(`(U\+|-)0+([0-9A-F]+)`)
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
	css = cssRange.ReplaceAll(css, []byte("$1$2"))
	css = cssNested.ReplaceAll(css, []byte("$1$2$3"))
	return lastSemi.ReplaceAll(css, []byte{'}'})
}

// Nickname gives the stylesheet's own properties names of a letter or two, the most used the shortest. Nothing outside the
// stylesheet speaks of them: pages carry no styles.
func Nickname(css []byte) []byte {
	uses := map[string]int{}
	for _, name := range cssName.FindAll(css, -1) {
		uses[string(name)]++
	}
	names := make([]string, 0, len(uses))
	for name := range uses {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if c := uses[b] - uses[a]; c != 0 {
			return c
		}
		return bytes.Compare([]byte(a), []byte(b))
	})
	short := map[string]string{}
	for i, name := range names {
		short[name] = "--" + strconv.FormatInt(int64(i+10), 36)
		if i > 25 { // a name does not begin with a figure
			short[name] = "--z" + strconv.Itoa(i)
		}
	}
	return cssName.ReplaceAllFunc(css, func(name []byte) []byte { return []byte(short[string(name)]) })
}
