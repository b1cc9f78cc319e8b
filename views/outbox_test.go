package views

import "testing"

func TestLinked(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "no <link>": "no &lt;link&gt;", "https://x.example": `<a href="https://x.example">https://x.example</a>`,
		"See (https://x.example/a?b=1&c=2).": `See (<a href="https://x.example/a?b=1&amp;c=2">https://x.example/a?b=1&amp;c=2</a>).`,
		`https://x.example/"onclick="x`:      `<a href="https://x.example/">https://x.example/</a>&#34;onclick=&#34;x`,
		"javascript:alert(1)":                "javascript:alert(1)",
		"http://a.example http://b.example!": `<a href="http://a.example">http://a.example</a> <a href="http://b.example">http://b.example</a>!`,
	} {
		if got := linked(text); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", text, got, want)
		}
	}
}
