package notify

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
)

// Recipient is one of a team, with all that decides how they hear of something.
type Recipient struct {
	Person
	ID                 uuid.UUID
	Name, Email, Phone string
	Role               queries.Role
}

const (
	// A booking says when it starts, and a wedding that started longer ago is over.
	longestWedding = 3 * 24 * time.Hour
	weddingsAhead  = 2 * 24 * time.Hour
)

// LoadPeople knows some of a team, or with nil all of it, as they are to be told of something now: three queries, however
// many they are.
func LoadPeople(ctx context.Context, q *queries.Queries, org uuid.UUID, users []uuid.UUID, now time.Time) (map[uuid.UUID]Recipient, error) {
	if users != nil && len(users) == 0 {
		return nil, nil
	}
	rows, err := q.PeopleToReach(ctx, queries.PeopleToReachParams{OrgID: org, Everybody: users == nil, Users: users})
	if err != nil {
		return nil, err
	}
	chosen, err := q.PreferencesOf(ctx, queries.PreferencesOfParams{OrgID: org, Everybody: users == nil, Users: users})
	if err != nil {
		return nil, err
	}
	weddings, err := LoadWeddings(ctx, q, org, now.Add(-longestWedding), now.Add(weddingsAhead))
	if err != nil {
		return nil, err
	}
	people := make(map[uuid.UUID]Recipient, len(rows))
	for _, row := range rows {
		r := RecipientOf(row)
		r.Open = weddings
		people[row.UserID] = r
	}
	for _, c := range chosen {
		if r, ok := people[c.UserID]; ok {
			r.choose(c.Category, c.Channel, c.Pace)
		}
	}
	return people, nil
}

// LoadWeddings are the times around an organisation's weddings that start within this stretch.
func LoadWeddings(ctx context.Context, q *queries.Queries, org uuid.UUID, since, until time.Time) ([]Window, error) {
	rows, err := q.WeddingTimes(ctx, queries.WeddingTimesParams{OrgID: org, Since: since, Until: until})
	if err != nil {
		return nil, err
	}
	all := make([]Window, len(rows))
	for i, row := range rows {
		if longest := row.Starts.Add(longestWedding); row.Ends.After(longest) {
			row.Ends = longest // a slip of the pen must not open somebody's nights for a year
		}
		all[i] = Around(row.Starts, row.Ends)
	}
	return all, nil
}

// RecipientOf is a row without what they chose and without weddings.
func RecipientOf(row queries.PeopleToReachRow) Recipient {
	r := Recipient{ID: row.UserID, Name: row.Name, Email: row.Email, Phone: row.Phone, Role: row.Role}
	r.Chosen = map[string]map[queries.Channel]queries.Pace{}
	r.Zone = zoneOf(row.Timezone, row.OrgZone)
	if row.DeviceZone != "" {
		r.PushZone = zoneOf(row.DeviceZone, row.Timezone, row.OrgZone)
	}
	if row.QuietFrom != nil && row.QuietUntil != nil {
		r.Quiet = &Quiet{From: int(*row.QuietFrom), Until: int(*row.QuietUntil)}
	}
	r.Reach = map[queries.Channel]bool{
		queries.ChannelEmail: row.EmailProven && row.EmailLeftAlone == "",
		queries.ChannelSms:   row.Phone != "" && row.PhoneProven && row.PhoneLeftAlone == "",
		queries.ChannelPush:  row.HasDevice,
	}
	for ch, can := range r.Reach {
		r.Reach[ch] = can && Allowance(row.Tier, ch) > 0
	}
	return r
}

func (p Person) choose(category string, ch queries.Channel, pace queries.Pace) {
	if p.Chosen[category] == nil {
		p.Chosen[category] = map[queries.Channel]queries.Pace{}
	}
	p.Chosen[category][ch] = pace
}

// zoneOf is the first of these names that is a zone.
func zoneOf(names ...string) *time.Location {
	for _, name := range names {
		if zone, err := time.LoadLocation(name); err == nil && name != "" && name != "Local" {
			return zone
		}
	}
	return time.UTC
}
