package web

import (
	"context"
	"time"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

// tellingOf counts what waits, failed or is not known of, by channel.
func tellingOf(ctx context.Context, q *queries.Queries, now time.Time) ([]queries.AllOrgsTellingRow, error) {
	return q.AllOrgsTelling(ctx, queries.AllOrgsTellingParams{Now: now, AnHourAgo: now.Add(-time.Hour), ADayAgo: now.Add(-24 * time.Hour)})
}

func examineTelling(ctx context.Context, q *queries.Queries) views.Finding {
	now := time.Now()
	rows, err := tellingOf(ctx, q, now)
	if err != nil {
		return views.Finding{What: "Telling people", Words: "could not be counted"}
	}
	return views.TellingFinding(rows, now)
}

// telling is how people are told: the carriers of this node, the breakers that all organisations share, and what waits.
func (s *Server) telling(ctx context.Context, now time.Time) (view views.TellingView, err error) {
	view = views.TellingView{Now: now, Carriers: CarrierStates(s.config.Carriers)}
	if view.Channels, err = tellingOf(ctx, s.q, now); err != nil {
		return view, err
	}
	breakers, err := s.config.Jobs.Outside.Breakers(ctx, queries.House)
	for _, b := range breakers {
		if b.Open() {
			until := b.Until
			if until.IsZero() {
				until = now // whoever comes next may try
			}
			view.Breakers = append(view.Breakers, views.OpenBreaker{Peer: b.Peer, Failures: b.Failures, Since: b.FailingSince, Until: until})
		}
	}
	return view, err
}
