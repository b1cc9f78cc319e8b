package sandbox

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wedsync/wedsync/views"
)

// graphCode is a yes on its way back to WedSync.
type graphCode struct {
	account, redirect, challenge, scope string
	until                               time.Time
}

// graphGrant is what somebody once said yes to. Every use of a refresh token gives a new one. The one before it is good for one
// more use, unless the new one was used meanwhile; then it is dead.
type graphGrant struct {
	account, scope string
	newest         string
	before         string // good for one more use
	dead           bool
}

type graphPass struct {
	account string
	until   time.Time
	dead    bool
}

const graphAccess = time.Hour

// authorize is the page that asks a person (GET changes nothing), and its answer.
func (g *Graph) authorize(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "The form could not be read.", http.StatusBadRequest)
		return
	}
	if words := g.asksConsent(r.Form); words != "" || r.Method != http.MethodPost {
		g.consentPage(w, r, words)
		return
	}
	to, _ := url.Parse(r.Form.Get("redirect_uri")) // judged above
	back := to.Query()
	back.Set("state", r.Form.Get("state"))
	g.mu.Lock()
	defer g.mu.Unlock()
	account := r.Form.Get("account")
	switch {
	case r.Form.Get("decision") != "allow":
		back.Set("error", "access_denied")
		back.Set("error_description", "AADSTS65004: User declined to consent to access the app.")
	case g.accounts[account] == nil:
		http.Error(w, "There is no such account. Go back and choose one.", http.StatusBadRequest)
		return
	default:
		code := "0.A" + rand.Text()
		g.codes[code] = &graphCode{account, r.Form.Get("redirect_uri"), r.Form.Get("code_challenge"), r.Form.Get("scope"), time.Now().Add(10 * time.Minute)}
		back.Set("code", code)
	}
	to.RawQuery = back.Encode()
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// asksConsent says what is wrong with what an application asks of a person. It sends nobody to where it was not registered.
func (g *Graph) asksConsent(q url.Values) (words string) {
	to, err := url.Parse(q.Get("redirect_uri"))
	switch {
	case q.Get("client_id") != g.ClientID:
		return "AADSTS700016: Application with identifier was not found in the directory."
	case err != nil || to.Host == "" || to.Scheme != "https" && to.Scheme != "http" || g.Base != nil && (to.Host != g.Base.Host || to.Scheme != g.Base.Scheme):
		return "AADSTS50011: The redirect URI specified in the request does not match the redirect URIs configured for the application."
	case q.Get("response_type") != "code":
		return "AADSTS700054: response_type is not enabled for the application."
	case !strings.Contains(q.Get("scope"), "Calendars.Read"):
		return "AADSTS70011: The provided value for the input parameter 'scope' is not valid."
	case q.Get("code_challenge") != "" && q.Get("code_challenge_method") != "S256":
		return "AADSTS501491: Only code_challenge_method=S256 is known here."
	}
	return ""
}

// consentPage asks a person. words say what is wrong with what the application asks.
func (g *Graph) consentPage(w http.ResponseWriter, r *http.Request, words string) {
	view := views.SandboxConsentView{Provider: "Microsoft", Action: r.URL.Path, Words: words}
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method"} {
		if r.Form.Has(name) {
			view.Asked = append(view.Asked, views.SandboxAsked{Name: name, Value: r.Form.Get(name)})
		}
	}
	g.mu.Lock()
	for _, address := range g.order {
		view.Accounts = append(view.Accounts, views.SandboxAccount{Address: address, Name: g.accounts[address].name})
	}
	g.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if words != "" {
		w.WriteHeader(http.StatusBadRequest)
	}
	_ = views.SandboxConsent(views.Page{Title: "Sign in with Microsoft (sandbox)"}, view).Render(r.Context(), w) // a reader who has gone needs no page
}

func (g *Graph) token(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store, no-cache")
	g.dawdle(r.Context())
	g.wait(r)
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		graphDeny(w, 400, "invalid_request", 900144, "The request body could not be read.")
		return
	}
	f := r.PostForm
	g.mu.Lock()
	defer g.mu.Unlock()
	switch trouble := g.is(); {
	case trouble == Down:
		graphDeny(w, 503, "temporarily_unavailable", 90033, "A transient error has occurred. Please try again.")
	case f.Get("client_id") != g.ClientID || f.Get("client_secret") != g.ClientSecret:
		graphDeny(w, 401, "invalid_client", 7000215, "Invalid client secret provided.")
	case f.Get("grant_type") == "authorization_code":
		g.exchange(w, f)
	case f.Get("grant_type") == "refresh_token":
		g.refresh(w, f.Get("refresh_token"))
	default:
		graphDeny(w, 400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
	}
}

// exchange takes a code once, from whoever can show the verifier that the consent was asked with.
func (g *Graph) exchange(w http.ResponseWriter, f url.Values) {
	c := g.codes[f.Get("code")]
	delete(g.codes, f.Get("code"))
	sum := sha256.Sum256([]byte(f.Get("code_verifier")))
	switch {
	case c == nil || time.Now().After(c.until):
		graphDeny(w, 400, "invalid_grant", 54005, "OAuth2 Authorization code was already redeemed, please retry with a new valid code.")
	case c.redirect != f.Get("redirect_uri"):
		graphDeny(w, 400, "invalid_grant", 500112, "The reply address does not match the reply address provided when requesting Authorization code.")
	case c.challenge != "" && base64.RawURLEncoding.EncodeToString(sum[:]) != c.challenge:
		graphDeny(w, 400, "invalid_grant", 501481, "The Code_Verifier does not match the code_challenge supplied in the authorization request.")
	default:
		g.give(w, &graphGrant{account: c.account, scope: c.scope})
	}
}

func (g *Graph) refresh(w http.ResponseWriter, token string) {
	grant := g.grants[token]
	switch {
	case grant == nil || grant.dead:
		graphDeny(w, 400, "invalid_grant", 700082, "The refresh token has expired or was revoked.")
		return
	case token == grant.newest:
		grant.before = token
	case token == grant.before && !g.Strict:
		grant.before = ""
	default:
		grant.dead = grant.dead || g.Strict
		graphDeny(w, 400, "invalid_grant", 70000, "The provided refresh token was used before.")
		return
	}
	g.accounts[grant.account].refreshed++
	g.give(w, grant)
}

// give makes new tokens. Microsoft gives a refresh token only to those who asked for offline_access.
func (g *Graph) give(w http.ResponseWriter, grant *graphGrant) {
	scope := strings.TrimSpace(strings.ReplaceAll(grant.scope, "offline_access", ""))
	answer := object{"token_type": "Bearer", "scope": scope, "expires_in": int(graphAccess.Seconds()), "ext_expires_in": int(graphAccess.Seconds()), "access_token": g.pass(grant.account)}
	if strings.Contains(grant.scope, "offline_access") {
		grant.newest = "0.AS" + rand.Text() + rand.Text()
		g.grants[grant.newest] = grant
		answer["refresh_token"] = grant.newest
	}
	if strings.Contains(grant.scope, "openid") {
		part := func(o object) string { return base64.RawURLEncoding.EncodeToString(encodeLine(o)) }
		answer["id_token"] = part(object{"alg": "none", "typ": "JWT"}) + "." + part(object{"aud": g.ClientID, "preferred_username": grant.account, "name": g.accounts[grant.account].name}) + "."
	}
	_, _ = w.Write(encodeLine(answer))
}

func (g *Graph) pass(account string) string {
	now, token := time.Now(), "EwB"+rand.Text()
	for old, p := range g.access {
		if now.After(p.until) {
			delete(g.access, old)
		}
	}
	g.access[token] = &graphPass{account: account, until: now.Add(graphAccess)}
	return token
}

func graphDeny(w http.ResponseWriter, status int, name string, code int, words string) {
	w.WriteHeader(status)
	_, _ = w.Write(encodeLine(object{"error": name, "error_description": "AADSTS" + strconv.Itoa(code) + ": " + words, "error_codes": []int{code},
		"timestamp": time.Now().UTC().Format("2006-01-02 15:04:05Z"), "trace_id": "sandbox", "correlation_id": "sandbox"}))
}

// Access gives an access token of an account without asking anybody.
func (g *Graph) Access(account string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pass(account)
}

// Consented gives tokens of an account without asking anybody.
func (g *Graph) Consented(account string) (access, refresh string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	grant := &graphGrant{account: account, scope: "offline_access Calendars.ReadWrite User.Read", newest: "0.AS" + rand.Text() + rand.Text()}
	g.grants[grant.newest] = grant
	return g.pass(account), grant.newest
}

// ExpireAccess makes every access token of an account one that is refused with 401.
func (g *Graph) ExpireAccess(account string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, p := range g.access {
		p.dead = p.dead || p.account == account
	}
}

// Revoke ends what somebody has granted.
func (g *Graph) Revoke(account string) {
	g.ExpireAccess(account)
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, grant := range g.grants {
		grant.dead = grant.dead || grant.account == account
	}
	for id, s := range g.subs {
		if s.account == account {
			delete(g.subs, id)
		}
	}
}

// Refreshed is how often the grants of an account were refreshed.
func (g *Graph) Refreshed(account string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.accounts[account].refreshed
}
