package inbound

import (
	"strings"
	"testing"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct {
		contentType, body string
		isJSON            bool
		has, hasNot       string
	}{
		{"", `{"b":1,"a":{"c":[1,2.50,null],"d":{}}}`, true, "{\n  \"b\": 1,\n  \"a\": {\n    \"c\": [\n      1,\n      2.50,\n      null\n    ],\n    \"d\": {}\n  }\n}", "•"},
		{"", `{"client_secret":"pi_secret"}`, true, `"client_secret": "•••"`, "pi_secret"},
		{"", `{"API-Key":"k1","apiKey":"k2","Authorization":"Bearer k3"}`, true, "•••", "k3"},
		{"", `{"api_key":{"live":"k1","list":["k2",3]}}`, true, `"live": "•••"`, "k2"},
		{"", `{"token":null,"cvc":123,"iban":"GB33"}`, true, `"token": null`, "123"},
		{"", `{"number":"4242 4242 4242 4242"}`, true, `"number": "•••"`, "4242"},
		{"", `{"number":4242424242424242}`, true, `"number": "•••"`, "4242"},
		{"", `{"phone":"+447700900123","created":1798452000,"id":"4242424242424241"}`, true, "4242424242424241", "•••"},
		{"", `{"a":"<b>&"}`, true, `"<b>&"`, `\u003c`},
		{"", `{"a":1,"a":2}`, true, "\"a\": 1,\n  \"a\": 2", "•"},
		{"", "{\"a\":\"\xff\"}", true, "\uFFFD", "\xff"},
		{form, "name=Anna+Kay&password=hunter2", false, "name: Anna Kay\npassword: •••\n", "hunter2"},
		{form, `payload=%7B%22secret%22%3A%22x1%22%7D`, false, `"secret": "•••"`, "x1"},
		{form, `a=%zz&secret=x1`, false, "secret=•••", "x1"},
		{"", `{"secret":"x1", broken`, false, `"secret":•••`, "x1"},
		{"text/plain", "hello\x00 w\xff", false, "hello w\uFFFD", "\x00"},
		{"", "", false, "", "•"},
		{"", `{"a":"` + strings.Repeat("x", 1<<20) + `"}`, true, cutShort, "•"},
		{"", `[` + strings.Repeat(`{"a":1},`, 1<<16) + `0]`, true, cutShort, "•"},
		{"", strings.Repeat("[", 100000), false, "[[[", "•"},
	} {
		text, isJSON := Redact(c.contentType, []byte(c.body))
		if isJSON != c.isJSON || !strings.Contains(text, c.has) || strings.Contains(text, c.hasNot) {
			t.Errorf("%.80s: got %t %.300s", c.body, isJSON, text)
		}
	}
}
