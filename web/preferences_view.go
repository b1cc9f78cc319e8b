package web

import (
	"slices"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/ui"
)

func preferencesView(row queries.PeopleToReachRow, w wishes, form typed) views.PreferencesView {
	view := views.PreferencesView{Zone: w.Zone, Zones: zonesWith(w.Zone), OrgZone: row.OrgZone, From: w.From, Until: w.Until, Faults: form.faults,
		Email: row.Email, EmailProven: row.EmailProven, EmailWhy: row.EmailLeftAlone, Tier: row.Tier, Pushes: row.HasDevice,
		Lacks: map[queries.Channel]bool{}}
	for _, ch := range notify.Counted {
		view.Lacks[ch] = notify.Allowance(row.Tier, ch) == 0
	}
	view.Phone = views.PhoneView{Number: row.Phone, Proven: row.PhoneProven, Why: row.PhoneLeftAlone, Typed: row.Phone, Country: regionName(row.Region)}
	if form.phone != nil {
		view.Phone.Typed = *form.phone
	}
	for _, c := range notify.Categories {
		r := views.PreferenceRow{Key: c.Key, Title: c.Title, Words: c.Words, Fixed: c.Fixed}
		for _, ch := range asked {
			offers, field := c.Offers(ch), c.Key+"-"+string(ch)
			r.Cells = append(r.Cells, views.PreferenceCell{Channel: ch, Name: c.Key + "." + string(ch), ID: field, Pace: w.chosen(c, ch), Offers: offers, Error: form.faults[field]})
		}
		view.Rows = append(view.Rows, r)
		for _, cell := range r.Cells {
			if cell.Error != "" {
				view.Wrong = append(view.Wrong, ui.Fault{Field: cell.ID, Message: cell.Error})
			}
		}
	}
	for _, field := range []string{"timezone", "quiet_from", "quiet_until", "phone", "code", "push"} {
		if form.faults[field] != "" {
			view.Wrong = append(view.Wrong, ui.Fault{Field: field, Message: form.faults[field]})
		}
	}
	return view
}

// zonesWith are the zones to choose from, with the one that a person has already.
func zonesWith(own string) []ui.Option {
	all := append([]ui.Option{{Label: "As your business"}}, zones()...)
	if !slices.ContainsFunc(all, func(o ui.Option) bool { return o.Value == own }) {
		all = append(all, ui.Option{Value: own, Label: own})
	}
	return all
}
