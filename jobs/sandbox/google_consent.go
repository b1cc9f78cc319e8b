package sandbox

import (
	"net/http"

	"github.com/wedsync/wedsync/views"
)

// consent is the page that asks a person. Looking at it changes nothing.
func (g *Google) consent(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	view := views.SandboxConsentView{Provider: "Google", Action: r.URL.Path, Words: g.asksConsent(q)}
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "scope", "state", "access_type", "prompt", "code_challenge", "code_challenge_method"} {
		if q.Has(name) {
			view.Asked = append(view.Asked, views.SandboxAsked{Name: name, Value: q.Get(name)})
		}
	}
	status := http.StatusOK
	if view.Words != "" {
		status = http.StatusBadRequest
	}
	g.wire.Lock()
	for _, a := range g.accounts {
		view.Accounts = append(view.Accounts, views.SandboxAccount{Address: a.email, Name: a.name})
	}
	g.wire.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = views.SandboxConsent(views.Page{Title: "Sign in with Google (sandbox)"}, view).Render(r.Context(), w)
}
