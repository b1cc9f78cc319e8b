package web

import (
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/views/ui"
)

func TestAnAccountOpensOnlyWithWhatCanBeKept(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	good := url.Values{"name": {"Holm House"}, "category": {"venue"}, "timezone": {"Europe/London"}, "currency": {"gbp"}, "person": {"Henry Holm"}, "email": {"henry@example.com"}, "password": {"ten characters"}}
	for field, values := range map[string][]string{
		"name":     {"", " ", strings.Repeat("n", 121), "a\x00b", "\xff"},
		"category": {"", "astronaut"}, "currency": {"", "pounds", "G1P"}, "person": {"", "\xff"},
		"timezone": {"", "Local", "Mars/Olympus", "./Europe/London", "Europe//London", "../zoneinfo/UTC", "posixrules", "right/Europe/London", "localtime", "Factory", "leapseconds"},
		"email":    {"", "henry", "Henry <henry@example.com>", "a\x00@example.com", strings.Repeat("h", 250) + "@example.com", w.org.Owner.Email, strings.ToUpper(w.org.Owner.Email)},
		"password": {"", "too short", "ninechars", strings.Repeat("p", 1001)},
	} {
		for _, value := range values {
			form := url.Values{}
			for k, v := range good {
				form[k] = v
			}
			form.Set(field, value)
			got := w.post(t, "/signup", form, nil)
			if got.Code != 422 || len(got.Result().Cookies()) != 0 || strings.Contains(got.Body.String(), "ten characters\"") {
				t.Errorf("%s=%q: %d", field, value, got.Code)
			}
		}
	}
	got := w.post(t, "/signup", good, nil)
	if got.Code != 303 || w.get(t, "/app", cookieOf(t, got)).Code != 200 {
		t.Fatalf("%d", got.Code)
	}
	if w.count(t, "SELECT count(*) FROM users WHERE email = 'henry@example.com' AND password_hash LIKE '$argon2id$v=19$m=65536,t=3,p=4$%'") != 1 {
		t.Error("the password is not hashed as it should be")
	}
	if w.login(t, "henry@example.com", "ten characters", "", nil).Code != 303 || w.login(t, "henry@example.com", "Ten characters", "", nil).Code != 401 {
		t.Error("the password does not open the account, or another does")
	}
}

func TestEveryZoneWeTakeIsKnownToPostgres(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for _, zone := range append(zones(), ui.Option{Value: "Etc/GMT+5"}, ui.Option{Value: "America/Argentina/Buenos_Aires"}, ui.Option{Value: "America/Port-au-Prince"}) {
		if !isZone(zone.Value) {
			t.Errorf("%s is not taken", zone.Value)
		}
		if _, err := w.pool.Exec(t.Context(), "SELECT now() AT TIME ZONE $1::text", zone.Value); err != nil {
			t.Errorf("%s: %v", zone.Value, err)
		}
	}
	if _, err := w.q.AllOrgsTouchNewDay(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestABurstOfSignInsIsAnswered(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	began := time.Now()
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			if got := w.login(t, uuid.NewString()+"@example.com", "not the password", "", nil); got.Code != 401 {
				t.Errorf("%d", got.Code)
			}
		})
	}
	all.Wait()
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %s", took)
	}
}
