package remote

import (
	"encoding/json"
	"errors"
	"net/url"
	"unicode"
	"unicode/utf8"
)

// Notification is a hint of Microsoft's: it carries no data and no signature. Who knows the client state is believed that
// something changed, and then it is pulled.
type Notification struct {
	Subscription string
	ClientState  string
	Lifecycle    string // reauthorizationRequired, subscriptionRemoved, missed; empty: a change
	Resource     string
}

const (
	microsoftBody  = 1 << 20
	microsoftMost  = 5000 // in one delivery
	microsoftField = 128  // Graph allows a client state that much, and ids are shorter
	microsoftPath  = 2000
	microsoftToken = 4096
)

// ErrNotification is about a body that is not a collection of notifications.
var ErrNotification = errors.New("this is not what Microsoft posts")

// ReadMicrosoft reads what Microsoft posts to us. What has no subscription, or fields that are longer than ours can be, is left out.
func ReadMicrosoft(body []byte) ([]Notification, error) {
	var posted struct {
		Value []struct {
			SubscriptionID string `json:"subscriptionId"`
			ClientState    string `json:"clientState"`
			LifecycleEvent string `json:"lifecycleEvent"`
			Resource       string `json:"resource"`
		} `json:"value"`
	}
	if len(body) > microsoftBody || json.Unmarshal(body, &posted) != nil || posted.Value == nil || len(posted.Value) > microsoftMost {
		return nil, ErrNotification
	}
	var all []Notification
	for _, v := range posted.Value {
		if v.SubscriptionID == "" || len(v.SubscriptionID) > microsoftField || len(v.ClientState) > microsoftField || len(v.LifecycleEvent) > microsoftField || len(v.Resource) > microsoftPath {
			continue
		}
		all = append(all, Notification{v.SubscriptionID, v.ClientState, v.LifecycleEvent, v.Resource})
	}
	return all, nil
}

// MicrosoftValidation is what to answer where Microsoft asks whether the address is ours: 200, as text/plain, this text. asked and
// empty: 400. It is answered to anybody, so never as a page.
func MicrosoftValidation(query url.Values) (answer string, asked bool) {
	if !query.Has("validationToken") {
		return "", false
	}
	token := query.Get("validationToken")
	if len(token) > microsoftToken || !utf8.ValidString(token) {
		return "", true
	}
	for _, r := range token {
		if !unicode.IsPrint(r) {
			return "", true
		}
	}
	return token, true
}
