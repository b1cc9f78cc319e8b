package sandbox

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// googleCode is a yes on its way back to WedSync.
type googleCode struct {
	email, redirect, challenge, scope string
	until                             time.Time
}

type googleAccess struct {
	email string
	until time.Time
}

// secret is a word that nobody guesses, of letters and digits.
func secret(prefix string) string { return prefix + rand.Text() }

// asksConsent reads what an application asks of a person; words say what is wrong with it.
func (g *Google) asksConsent(q url.Values) (words string) {
	to, err := url.Parse(q.Get("redirect_uri"))
	switch {
	case q.Get("client_id") != g.ClientID:
		return "Error 401: invalid_client. The application is not known here."
	case err != nil || to.Host == "" || to.Scheme != "https" && to.Scheme != "http" || g.Base != nil && (to.Host != g.Base.Host || to.Scheme != g.Base.Scheme):
		return "Error 400: redirect_uri_mismatch. The application asked to send you to an address that it did not register."
	case q.Get("response_type") != "code":
		return "Error 400: invalid_request. Only response_type=code is known here."
	case q.Get("scope") == "":
		return "Error 400: invalid_request. Missing required parameter: scope."
	case q.Get("code_challenge") != "" && q.Get("code_challenge_method") != "S256":
		return "Error 400: invalid_request. Only code_challenge_method=S256 is known here."
	}
	return ""
}

// decide is the answer of a person to the page: they go back with a code, or with a no.
func (g *Google) decide(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "The form could not be read.", http.StatusBadRequest)
		return
	}
	f := r.PostForm
	if words := g.asksConsent(f); words != "" {
		http.Error(w, words, http.StatusBadRequest)
		return
	}
	to, _ := url.Parse(f.Get("redirect_uri"))
	back := to.Query()
	back.Set("state", f.Get("state"))
	g.wire.Lock()
	defer g.wire.Unlock()
	if f.Get("decision") != "allow" {
		back.Set("error", "access_denied")
	} else if g.account(f.Get("account")) == nil {
		http.Error(w, "There is no such account. Go back and choose one.", http.StatusBadRequest)
		return
	} else {
		code := secret("4/0A")
		g.codes[code] = googleCode{email: f.Get("account"), redirect: f.Get("redirect_uri"), challenge: f.Get("code_challenge"), scope: f.Get("scope"), until: time.Now().Add(10 * time.Minute)}
		back.Set("code", code)
		back.Set("scope", f.Get("scope"))
	}
	to.RawQuery = back.Encode()
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

func (g *Google) token(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	g.dawdle(r.Context())
	if err := r.ParseForm(); err != nil {
		oauthFault(w, 400, "invalid_request", "The form could not be read.")
		return
	}
	f := r.PostForm
	id, key, basic := r.BasicAuth()
	if !basic {
		id, key = f.Get("client_id"), f.Get("client_secret")
	}
	g.wire.Lock()
	defer g.wire.Unlock()
	switch trouble := g.is(); {
	case trouble == Down:
		oauthFault(w, 503, "backend_error", "Service unavailable")
	case id != g.ClientID || key != g.ClientSecret:
		oauthFault(w, 401, "invalid_client", "Unauthorized")
	case f.Get("grant_type") == "authorization_code":
		g.exchange(w, f)
	case f.Get("grant_type") == "refresh_token":
		g.renew(w, f.Get("refresh_token"))
	default:
		oauthFault(w, 400, "unsupported_grant_type", "Invalid grant_type: "+f.Get("grant_type"))
	}
}

func oauthFault(w http.ResponseWriter, status int, name, words string) {
	w.WriteHeader(status)
	_, _ = w.Write(encodeLine(object{"error": name, "error_description": words}))
}

// exchange takes a code once, from whoever can show the verifier that the consent was asked with.
func (g *Google) exchange(w http.ResponseWriter, f url.Values) {
	c, known := g.codes[f.Get("code")]
	delete(g.codes, f.Get("code"))
	sum := sha256.Sum256([]byte(f.Get("code_verifier")))
	switch {
	case !known || time.Now().After(c.until):
		oauthFault(w, 400, "invalid_grant", "Malformed auth code.")
	case c.redirect != f.Get("redirect_uri"):
		oauthFault(w, 400, "redirect_uri_mismatch", "Bad Request")
	case c.challenge != "" && base64.RawURLEncoding.EncodeToString(sum[:]) != c.challenge:
		oauthFault(w, 400, "invalid_grant", "Invalid code verifier.")
	default:
		refresh := secret("1//")
		g.refresh[refresh] = c.email
		_, _ = w.Write(encodeLine(object{"access_token": g.newAccess(c.email), "expires_in": int(g.AccessLife.Seconds()), "refresh_token": refresh, "scope": c.scope, "token_type": "Bearer"}))
	}
}

// renew gives no new refresh token, unless they rotate.
func (g *Google) renew(w http.ResponseWriter, refresh string) {
	email, known := g.refresh[refresh]
	if !known {
		oauthFault(w, 400, "invalid_grant", "Token has been expired or revoked.")
		return
	}
	answer := object{"access_token": g.newAccess(email), "expires_in": int(g.AccessLife.Seconds()), "scope": "https://www.googleapis.com/auth/calendar.events", "token_type": "Bearer"}
	if g.Rotating {
		delete(g.refresh, refresh)
		next := secret("1//")
		g.refresh[next], answer["refresh_token"] = email, next
	}
	_, _ = w.Write(encodeLine(answer))
}

func (g *Google) newAccess(email string) string {
	now, token := time.Now(), secret("ya29.")
	for old, held := range g.access {
		if now.After(held.until) {
			delete(g.access, old)
		}
	}
	g.access[token] = googleAccess{email: email, until: now.Add(g.AccessLife)}
	return token
}

func (g *Google) revoke(w http.ResponseWriter, r *http.Request) {
	g.wire.Lock()
	defer g.wire.Unlock()
	token := r.FormValue("token")
	email, known := g.refresh[token]
	if !known {
		email = g.access[token].email
	}
	if email == "" {
		oauthFault(w, 400, "invalid_token", "Token expired or revoked")
		return
	}
	g.forget(email)
	w.WriteHeader(http.StatusOK)
}

// forget ends all that somebody has granted.
func (g *Google) forget(email string) {
	for token, whose := range g.refresh {
		if whose == email {
			delete(g.refresh, token)
		}
	}
	for token, held := range g.access {
		if held.email == email {
			delete(g.access, token)
		}
	}
	for id, ch := range g.channels {
		if ch.email == email {
			delete(g.channels, id)
		}
	}
}

// Allow presses Allow on the consent page at an address, and gives where that leads.
func (g *Google) Allow(consent, email string) (string, error) {
	at, err := url.Parse(consent)
	if err != nil {
		return "", err
	}
	f := at.Query()
	f.Set("account", email)
	f.Set("decision", "allow")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	at.RawQuery = ""
	res, err := client.PostForm(at.String(), f)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	return res.Header.Get("Location"), nil
}

// Accounts are the addresses of those who have one.
func (g *Google) Accounts() (all []string) {
	g.wire.Lock()
	defer g.wire.Unlock()
	for _, a := range g.accounts {
		all = append(all, a.email)
	}
	return slices.Clip(all)
}
