package sandbox

import (
	"strings"
	"testing"
)

func TestPreheader(t *testing.T) {
	t.Parallel()
	for html, want := range map[string]string{
		"":                                "first line of text",
		"<body><p>First words</p></body>": "First words",
		`<body><div style="display: none">Hidden&#847;&zwnj;&nbsp;</div><p>Words</p></body>`: "Hidden",
		`<title>Subject</title><style>p{}</style><p style="color:red">Words</p>`:             "Words",
		"<p>" + strings.Repeat("word ", 100):                                                 strings.TrimSpace(strings.Repeat("word ", 27)) + " word…",
	} {
		if got := (Sent{HTML: html, Text: "first line\nof text"}).Preheader(); got != want {
			t.Errorf("%.60q: %q, want %q", html, got, want)
		}
	}
}
