package sandbox

import "time"

// The people who have a mailbox at the made-up Microsoft.
var graphPeople = []struct{ address, name, second string }{
	{"ada.lindqvist@outlook.example", "Ada Lindqvist", "Family"},
	{"events@holmhouse.example", "Henry Holm", "Viewings"},
	{"thea.moss@outlook.example", "Thea Moss", "Market stall"},
}

// seed fills their calendars. Nothing of it is on a Saturday, when the demo's weddings are.
func (g *Graph) seed(now time.Time) {
	for _, p := range graphPeople {
		g.AddAccount(p.address, p.name)
		g.AddCalendar(p.address, p.second)
	}
	monday := midnight(now).AddDate(0, 0, (8-int(now.Weekday()))%7+7) // of next week, or the one after
	sow := func(who, day, hour, minutes int, e GraphEvent) {
		starts := time.Date(monday.Year(), monday.Month(), monday.Day()+day, hour, 0, 0, 0, time.UTC)
		e.Starts, e.Ends, e.Zone = starts, starts.Add(time.Duration(minutes)*time.Minute), "Europe/London"
		account := graphPeople[who].address
		g.Add(account, g.accounts[account].calendars[0].id, e)
	}
	sow(0, 1, 10, 60, GraphEvent{Subject: "Accountant", Location: "Rye"})
	sow(0, 3, 15, 90, GraphEvent{Subject: "Perhaps: album fair", Location: "Hastings", ShowAs: "tentative"})
	sow(1, 0, 9, 45, GraphEvent{Subject: "Staff meeting", Location: "Holm House", Recurs: &GraphRule{Type: "weekly", Count: 30}})
	sow(1, 9, 0, 2*24*60, GraphEvent{Subject: "Roof is being repaired", Location: "Holm House", AllDay: true, ShowAs: "oof"})
	sow(2, 2, 4, 180, GraphEvent{Subject: "Flower market", Location: "New Covent Garden", Recurs: &GraphRule{Type: "weekly", Days: []time.Weekday{time.Tuesday, time.Thursday}, Count: 40}})
}
