package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
)

// Password opens every made-up account.
const Password = "a season of weddings"

// Supplier is a made-up organisation and the systems it uses.
type Supplier struct {
	Slug, Org, Category, Person, Email string
	Takes                              Thing // what each of its weddings takes
	Tier                               queries.Tier
	Providers                          []queries.Provider
	weddings                           int
}

// Thing is what a supplier's weddings take, with the minutes before and after.
type Thing struct {
	Name          string
	Kind          queries.ResourceKind
	Before, After int16
}

// Suppliers are the demo's three. Between them they use every provider.
var Suppliers = []Supplier{
	{"ada", "Ada Lindqvist Photography", "photographer", "Ada Lindqvist", "ada@demo.example", Thing{"Ada", queries.ResourceKindPerson, 60, 60}, queries.TierProfessional,
		[]queries.Provider{queries.ProviderStripe, queries.ProviderTave, queries.ProviderLightblue, queries.ProviderShootq}, 22},
	{"holm", "Holm House", "venue", "Henry Holm", "henry@demo.example", Thing{"Great Barn", queries.ResourceKindRoom, 180, 120}, queries.TierScale,
		[]queries.Provider{queries.ProviderStripe, queries.ProviderHoneybook, queries.ProviderWedme}, 30},
	{"thyme", "Wild Thyme Flowers", "florist", "Thea Moss", "thea@demo.example", Thing{"Thea", queries.ResourceKindPerson, 90, 0}, queries.TierStarter,
		[]queries.Provider{queries.ProviderStripe, queries.ProviderStudioninja, queries.ProviderCustom, queries.ProviderWedme}, 16},
}

// Couple is a made-up couple.
type Couple struct {
	Slug, Names, Email, Venue string
	inDays                    int
}

// Couples are the demo's two.
var Couples = []Couple{
	{"anna", "Anna & Tom", "anna@demo.example", "Holm House", 201},
	{"priya", "Priya & Dev", "priya@demo.example", "The Orangery, Kew", 47},
}

// Seed makes the demo's people, who can all be reached, and sends a season of deliveries through the door, dated as they would
// have come. It changes nothing where the people are there already.
func (w *World) Seed(ctx context.Context, pool *pgxpool.Pool, box *seal.Box, door *inbound.Door, now time.Time) error {
	q := queries.New(pool)
	_, err := q.UserByEmail(ctx, Suppliers[0].Email)
	if err == nil {
		return w.recall(ctx, q, now)
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	hash := seal.HashPassword(Password)
	for _, c := range Couples {
		_, err := q.CreateCouple(ctx, queries.CreateCoupleParams{Names: c.Names, Email: c.Email, PasswordHash: hash, Timezone: "Europe/London", Venue: c.Venue, Verified: true,
			HeldOn: nextSaturday(now.AddDate(0, 0, c.inDays)).Truncate(24 * time.Hour)})
		if err != nil {
			return fmt.Errorf("seed %s: %w", c.Names, err)
		}
	}
	for i, s := range Suppliers {
		if err := w.seedSupplier(ctx, pool, box, door, s, i, hash, now); err != nil {
			return fmt.Errorf("seed %s: %w", s.Org, err)
		}
	}
	return nil
}

func (w *World) seedSupplier(ctx context.Context, pool *pgxpool.Pool, box *seal.Box, door *inbound.Door, s Supplier, number int, hash string, now time.Time) error {
	q := queries.New(pool)
	made, err := q.CreateSupplier(ctx, queries.CreateSupplierParams{OrgName: s.Org, Category: s.Category, Timezone: "Europe/London", Currency: "GBP",
		Tier: s.Tier, Email: s.Email, PersonName: s.Person, PasswordHash: hash, Verified: true})
	if err != nil {
		return err
	}
	if err := w.seedPeople(ctx, q, s, number, made, hash, now); err != nil {
		return err
	}
	if err := seedThings(ctx, q, made.OrgID, s); err != nil {
		return err
	}
	connections := map[queries.Provider]uuid.UUID{}
	for _, p := range s.Providers {
		c, err := inbound.Connect(ctx, pool, box, made.OrgID, nil, p, queries.SenderProofSigned, "")
		if err != nil {
			return err
		}
		connections[p] = c.ID
	}
	all := season(s, number, made.OrgID, connections, now)
	slices.SortStableFunc(all, func(a, b inbound.Delivery) int { return a.ReceivedAt.Compare(b.ReceivedAt) })
	_, err = door.Accept(ctx, all)
	return err
}

// seedThings makes what can be taken: of the usual thing one, and beside it what a supplier of the kind has.
func seedThings(ctx context.Context, q *queries.Queries, org uuid.UUID, s Supplier) error {
	things := []queries.AddResourceParams{{Name: s.Takes.Name, Kind: s.Takes.Kind, Capacity: 1, MinutesBefore: s.Takes.Before, MinutesAfter: s.Takes.After, Usual: true}}
	switch s.Slug {
	case "ada":
		things = append(things, queries.AddResourceParams{Name: "Second photographer", Kind: queries.ResourceKindPerson, Capacity: 2})
	case "holm":
		things = append(things, queries.AddResourceParams{Name: "Orangery", Kind: queries.ResourceKindRoom, Capacity: 1, MinutesBefore: 120, MinutesAfter: 60},
			queries.AddResourceParams{Name: "Guest rooms", Kind: queries.ResourceKindRoom, Capacity: 12})
	case "thyme":
		things = append(things, queries.AddResourceParams{Name: "Van", Kind: queries.ResourceKindVehicle, Capacity: 2, MinutesAfter: 30})
	}
	for _, t := range things {
		t.OrgID, t.ID = org, uuid.Must(uuid.NewV7())
		if err := q.AddResource(ctx, t); err != nil {
			return fmt.Errorf("seed %s: %w", t.Name, err)
		}
	}
	return nil
}

// seedPeople makes those who are told reachable, one supplier with a colleague and one that writes to couples.
func (w *World) seedPeople(ctx context.Context, q *queries.Queries, s Supplier, number int, made queries.CreateSupplierRow, hash string, now time.Time) error {
	w.nears(made.OrgID, number, 13)
	if err := w.reach(ctx, q, made.UserID, s.Person, number+1, now); err != nil {
		return err
	}
	switch s.Slug {
	case "ada":
		return w.seedColleague(ctx, q, made.OrgID, hash, now)
	case "thyme":
		return seedLetters(ctx, q, made.OrgID, made.UserID, now)
	}
	return nil
}

// season is what a supplier's systems sent over the last twelve weeks: bookings one by one, a deposit for each, some
// refunds, and for those who are on WedMe some invitations.
func season(s Supplier, number int, org uuid.UUID, connections map[queries.Provider]uuid.UUID, now time.Time) []inbound.Delivery {
	var all []inbound.Delivery
	add := func(p queries.Provider, at time.Time, body []byte) {
		all = append(all, inbound.Delivery{OrgID: org, ConnectionID: connections[p], Provider: p, ContentType: "application/json", Proof: proofOf(p),
			Peeked: inbound.Peek(p, http.Header{}, body, at), Body: body, ReceivedAt: at})
	}
	crm := s.Providers[1]
	for i := range s.weddings {
		n := number*1000 + i*7 + 1
		at := now.Add(-time.Duration(s.weddings-i) * 84 * 24 * time.Hour / time.Duration(s.weddings)).Truncate(time.Minute)
		status := "confirmed"
		if i%6 == 5 {
			status = "held"
		}
		day, hour := nextSaturday(now.AddDate(0, 0, 5+i*13)), 13
		if i == 0 {
			day, hour = thisWeek(now), 12
		}
		add(crm, at, bookingBody(fmt.Sprintf("season-%d", n), "booking.created", n, day, hour, status, at))
		add(queries.ProviderStripe, at.Add(40*time.Minute), stripePayment("payment_intent.succeeded", fmt.Sprintf("evt_season_%d", n), n, int64(45_000+i%7*12_500), "gbp", at.Add(40*time.Minute)))
		if i%9 == 4 {
			add(queries.ProviderStripe, at.Add(50*time.Hour), encode(event(fmt.Sprintf("evt_season_refund_%d", n), "refund.created", at.Add(50*time.Hour), refund(n, at))))
		}
	}
	if _, ok := connections[queries.ProviderWedme]; ok {
		for i := range 5 {
			n, at := number*1000+500+i, now.AddDate(0, 0, -60+i*11)
			add(queries.ProviderWedme, at, invite("wedme.client.invited", n, n, at))
			if i < 3 {
				add(queries.ProviderWedme, at.Add(5*time.Hour), invite("wedme.vendor.signup", n, n+100, at.Add(5*time.Hour)))
			}
		}
	}
	newest(add, s, number, now)
	return all
}

func refund(n int, at time.Time) object {
	return object{"id": fmt.Sprintf("re_season_%d", n), "object": "refund", "amount": 15_000, "currency": "gbp", "status": "succeeded",
		"payment_intent": fmt.Sprintf("pi_sandbox_%d", n), "charge": fmt.Sprintf("ch_sandbox_%d", n), "created": at.Unix(), "reason": "requested_by_customer"}
}

func proofOf(p queries.Provider) string {
	if p == queries.ProviderStripe {
		return "stripe"
	}
	return "wedsync"
}
