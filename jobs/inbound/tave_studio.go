package inbound

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
)

// Studio is whose account the key opens.
type Studio struct {
	Name       string `json:"name"`
	Currency   string `json:"currencyCode"`
	TimezoneID string `json:"timezoneId"`
	Timezone   string `json:"timezone"` // its IANA name, which the studio itself does not carry
}

// Studio also tells whether the key is good.
func (a TaveAPI) Studio(ctx context.Context) (s Studio, err error) {
	if _, err := a.get(ctx, "ask whose account it is", "/studio/me", nil, &s); err != nil {
		return s, err
	}
	if !ulid.MatchString(s.TimezoneID) {
		return s, nil // none set: the organisation's is used
	}
	var zone struct {
		Name string `json:"name"`
	}
	_, err = a.get(ctx, "ask which time zone that is", "/timezone/"+s.TimezoneID, nil, &zone)
	if s.Timezone = zone.Name; isAnyRefusal(err) {
		err = nil // not worth a day without news: the organisation's is used
	}
	return s, err
}

func isAnyRefusal(err error) bool {
	_, is := errors.AsType[*outside.Refused](err)
	return is
}

// Priced is a real job with its amount as Tave writes it.
type Priced struct{ Title, Number string }

// MostValuable is a job by which a person can tell what Tave's numbers mean; empty when no job has an amount.
func (a TaveAPI) MostValuable(ctx context.Context) (Priced, error) {
	var l taveList
	_, err := a.get(ctx, "find a job with an amount", "/job", url.Values{"page": {"1"}, "pageSize": {"10"}, "sortBy": {"totalRevenue desc"}, "includeClosed": {"true"}}, &l)
	for _, r := range l.Items {
		job := r.part()
		number, _ := job.fields["totalRevenue"].(json.Number)
		if sample, _ := job.truth("sample"); !sample && number != "" && number != "0" && !strings.HasPrefix(number.String(), "-") {
			return Priced{firstOf(job.said("name"), job.said("title")), number.String()}, err
		}
	}
	return Priced{}, err
}

// TaveEvents is the whole list of what a hook can be for.
var TaveEvents = []string{"job.created", "order.booked", "payment.created", "contact.created"}

// TaveHook is a subscription.
type TaveHook struct {
	ID    string `json:"id,omitempty"`
	Event string `json:"event"`
	URL   string `json:"url"`
}

// Hooks are those that post to this address; other people's are none of ours.
func (a TaveAPI) Hooks(ctx context.Context, address string) ([]TaveHook, error) {
	var l struct{ Items []TaveHook }
	_, err := a.get(ctx, "list the hooks", "/rest-hook", url.Values{"pageSize": {"100"}}, &l)
	return slices.DeleteFunc(l.Items, func(h TaveHook) bool { return h.URL != address }), err
}

// Subscribe adds what is missing, so that pressing twice makes nothing twice.
func (a TaveAPI) Subscribe(ctx context.Context, address string) error {
	there, err := a.Hooks(ctx, address)
	if err != nil {
		return err
	}
	for _, event := range TaveEvents {
		if slices.ContainsFunc(there, func(h TaveHook) bool { return h.Event == event }) {
			continue
		}
		if _, err := a.ask(ctx, "subscribe "+event, http.MethodPost, "/rest-hook", TaveHook{Event: event, URL: address}, nil); err != nil {
			return err
		}
	}
	return nil
}

// Unsubscribe removes one of ours.
func (a TaveAPI) Unsubscribe(ctx context.Context, address, id string) error {
	there, err := a.Hooks(ctx, address)
	if err != nil || !slices.ContainsFunc(there, func(h TaveHook) bool { return h.ID == id }) || !ulid.MatchString(id) {
		return err
	}
	_, err = a.ask(ctx, "remove a hook", http.MethodDelete, "/rest-hook/"+id, nil, nil)
	return err
}

// clients of a job: the contacts whose part in it is the client's, in the order in which they were put there.
func (a TaveAPI) clients(ctx context.Context, job string) ([]taveRecord, error) {
	var l struct {
		Items []struct {
			ContactID string   `json:"contactId"`
			Client    bool     `json:"client"`
			RoleKinds []string `json:"roleKinds"`
		}
	}
	if _, err := a.get(ctx, "ask whom a job is for", "/job-contact", url.Values{"jobId": {job}, "pageSize": {"100"}, "sortBy": {"id asc"}}, &l); err != nil {
		return nil, err
	}
	var all []taveRecord
	for _, c := range l.Items {
		if !c.Client && !slices.Contains(c.RoleKinds, "client") || len(all) == 2 {
			continue
		}
		contact, err := a.record(ctx, "contact", c.ContactID)
		if errors.Is(err, errNoRecord) {
			continue // removed in between: the job is worth reading without
		}
		if err != nil {
			return nil, err
		}
		all = append(all, contact)
	}
	return all, nil
}

// BothAmounts is one number in both units, in minor units for the page.
func BothAmounts(number, currency string) (small, large queries.Money, ok bool) {
	minor, isWhole := minorOf(number, 0)
	major, alsoMajor := minorOf(number, decimals(currency))
	return queries.Money{Minor: minor, Currency: currency}, queries.Money{Minor: major, Currency: currency}, isWhole && alsoMajor && minor != major
}
