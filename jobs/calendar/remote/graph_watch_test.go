package remote_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/jobs/sandbox"
)

func (o *outlook) hears(t *testing.T) remote.Notification {
	t.Helper()
	select {
	case n := <-o.heard:
		return n
	case <-time.After(patience):
		t.Fatal("nothing was posted")
		return remote.Notification{}
	}
}

func (o *outlook) watch(t *testing.T) remote.Channel {
	t.Helper()
	c, err := o.account.Watch(t.Context(), remote.Channel{Token: "state", Address: o.at + "/webhooks/microsoft", Calendar: o.calendar})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestBeingToldOfChanges(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	c := o.watch(t)
	if left := time.Until(c.Until); c.Remote == "" || left > remote.GraphLife || left < remote.GraphLife-time.Minute {
		t.Errorf("%+v", c)
	}
	id := o.Add(ada, o.calendar, shoot("A shoot", "2027-03-01 10:00", "2027-03-01 11:00"))
	if n := o.hears(t); n.Subscription != c.Remote || n.ClientState != "state" || n.Lifecycle != "" || !strings.HasSuffix(n.Resource, id) {
		t.Errorf("%+v", n)
	}
	for _, event := range []string{"reauthorizationRequired", "missed"} {
		o.Lifecycle(ada, event)
		if n := o.hears(t); n.Lifecycle != event || n.ClientState != "state" {
			t.Errorf("%+v", n)
		}
		if kept, err := o.account.Renew(t.Context(), c); err != nil || kept.Until.Before(c.Until) {
			t.Errorf("%+v, %v", kept, err)
		}
	}
	// What an earlier attempt left behind is taken away.
	second := o.watch(t)
	if second.Remote == c.Remote || o.Subscriptions(ada) != 1 {
		t.Errorf("%+v, %d of them", second, o.Subscriptions(ada))
	}
	for range 2 {
		if err := o.account.Unwatch(t.Context(), second); err != nil {
			t.Error(err)
		}
	}
	if _, err := o.account.Watch(t.Context(), remote.Channel{Address: o.at + "/nobody", Calendar: o.calendar}); err == nil {
		t.Error("an address that does not answer was subscribed")
	}
	if _, err := o.account.Watch(t.Context(), remote.Channel{Address: o.at + "/webhooks/microsoft", Calendar: "none"}); !errors.Is(err, remote.ErrNoCalendar) {
		t.Errorf("%v", err)
	}
}

// Case 6: a push that dies silently. What a subscription does not tell, a pull finds; and a renewal says that there is none.
func TestCase06PushDiesSilently(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	_, pull := o.changes(t, "", season)
	c := o.watch(t)
	o.SetTrouble(sandbox.Silent)
	id := o.Add(ada, o.calendar, shoot("A shoot", "2027-03-01 10:00", "2027-03-01 11:00"))
	if got, _ := o.changes(t, pull.Token, season); got[id].ID == "" || len(o.heard) != 0 {
		t.Errorf("%v, %d were posted", got, len(o.heard))
	}
	o.Lifecycle(ada, "subscriptionRemoved")
	if n := o.hears(t); n.Lifecycle != "subscriptionRemoved" {
		t.Errorf("%+v", n)
	}
	if _, err := o.account.Renew(t.Context(), c); !errors.Is(err, remote.ErrGone) {
		t.Errorf("%v", err)
	}
}

// Case 8: what we write comes back as it was written, and asking again tells nothing.
func TestCase08OurOwnEcho(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	_, pull := o.changes(t, "", season)
	w, err := o.account.Put(t.Context(), o.calendar, ourBooking("a"))
	if err != nil {
		t.Fatal(err)
	}
	got, pull := o.changes(t, pull.Token, season)
	if len(got) != 1 || got[w.ID].ETag != w.ETag {
		t.Errorf("%+v", got)
	}
	for range 20 {
		if got, pull = o.changes(t, pull.Token, season); len(got) != 0 {
			t.Fatalf("%+v", got)
		}
	}
}

func TestAskingWhetherTheAddressIsOurs(t *testing.T) {
	t.Parallel()
	const token = "Validation: Testing client application reachability for subscription Request-Id: 1+2 é"
	for raw, want := range map[string]string{"validationToken=" + url.QueryEscape(token): token, "validationToken=": "", "validationToken=a%0d%0aSet-Cookie:x": "",
		"validationToken=%ff": "", "validationToken=%00": "", "validationToken=" + strings.Repeat("a", 4097): ""} {
		q, err := url.ParseQuery(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got, asked := remote.MicrosoftValidation(q); got != want || !asked {
			t.Errorf("%.40s: %q, %t", raw, got, asked)
		}
	}
	if _, asked := remote.MicrosoftValidation(url.Values{}); asked {
		t.Error("nothing was asked")
	}
}

func TestReadingWhatMicrosoftPosts(t *testing.T) {
	t.Parallel()
	got, err := remote.ReadMicrosoft([]byte(`{"value":[{"subscriptionId":"s1","clientState":"c","resource":"r"},{"clientState":"c"},{"subscriptionId":"s2","lifecycleEvent":"missed","clientState":null},
		{"subscriptionId":"` + strings.Repeat("s", 129) + `"}],"validationTokens":["x"]}`))
	if err != nil || len(got) != 2 || got[0] != (remote.Notification{Subscription: "s1", ClientState: "c", Resource: "r"}) || got[1].Lifecycle != "missed" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, body := range []string{"", "null", "[]", "{}", `{"value":7}`, `{"value":null}`, `{"value":[` + strings.Repeat("{},", 5000) + `{}]}`, `{"value":[],"x":"` + strings.Repeat("x", 1<<20) + `"}`} {
		if _, err := remote.ReadMicrosoft([]byte(body)); !errors.Is(err, remote.ErrNotification) {
			t.Errorf("%.30s: %v", body, err)
		}
	}
}

func FuzzReadMicrosoft(f *testing.F) {
	f.Add([]byte(`{"value":[{"subscriptionId":"s1","clientState":"c","resource":"r","lifecycleEvent":"missed"}]}`))
	f.Add([]byte(`{"value":[{"subscriptionId":["s1"]}]}`))
	f.Add([]byte(`{"VALUE":[{"SUBSCRIPTIONID":"\ud800"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		all, err := remote.ReadMicrosoft(body)
		if err != nil && all != nil || len(all) > 5000 {
			t.Errorf("%d, %v", len(all), err)
		}
		for _, n := range all {
			if n.Subscription == "" || len(n.Subscription) > 128 || len(n.ClientState) > 128 {
				t.Errorf("%+v", n)
			}
		}
	})
}
