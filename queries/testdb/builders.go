package testdb

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/crypto/argon2"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
)

// Password opens every account that the builders make.
const Password = "correct horse battery"

// Supplier is an organisation with its owner.
type Supplier struct {
	ID    uuid.UUID
	Owner Person
}

// Person may sign in with Password.
type Person struct {
	ID    uuid.UUID
	Email string
}

// Pair is a couple with their wedding and the account that they share.
type Pair struct {
	ID      uuid.UUID
	Wedding uuid.UUID
	Person  Person
}

// Org makes an organisation in London that counts in pounds. Another one is always there before it, with a row of
// everything, so that a query which forgets whose rows it asks for finds a stranger's.
func Org(t testing.TB, pool *pgxpool.Pool) Supplier {
	t.Helper()
	decoy := supplier(t, pool, "Decoy & Sons")
	fill(t, pool, decoy)
	return supplier(t, pool, "Kay Photography")
}

// Member joins an organisation in a role.
func Member(t testing.TB, pool *pgxpool.Pool, org uuid.UUID, role queries.Role) Person {
	t.Helper()
	email := address(string(role))
	id, err := queries.New(pool).AddMember(t.Context(), queries.AddMemberParams{
		OrgID: org, Email: email, Name: "A " + string(role), PasswordHash: passwordHash(), Role: role, Verified: true,
	})
	must(t, err)
	return Person{id, email}
}

// Couple makes a couple who marry in half a year in London; another couple is there before them.
func Couple(t testing.TB, pool *pgxpool.Pool) Pair {
	t.Helper()
	day := time.Now().AddDate(0, 6, 0)
	Wedding(t, pool, day, "Europe/Lisbon")
	return Wedding(t, pool, day, "Europe/London")
}

// Wedding makes a couple who marry on this day in this zone.
func Wedding(t testing.TB, pool *pgxpool.Pool, day time.Time, zone string) Pair {
	t.Helper()
	email := address("couple")
	row, err := queries.New(pool).CreateCouple(t.Context(), queries.CreateCoupleParams{
		Names: "Anna & Tom", Email: email, PasswordHash: passwordHash(), HeldOn: day.Truncate(24 * time.Hour), Timezone: zone, Venue: "Holm House", Verified: true,
	})
	must(t, err)
	return Pair{row.CoupleID, row.WeddingID, Person{row.UserID, email}}
}

// Connection makes a row that deliveries can be of. It has no secret: what the door verifies is made by inbound.Connect.
func Connection(t testing.TB, pool *pgxpool.Pool, org uuid.UUID, p queries.Provider) uuid.UUID {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	_, hash := seal.NewToken()
	must(t, queries.New(pool).CreateConnection(t.Context(), queries.CreateConnectionParams{
		OrgID: org, ID: id, Provider: p, Proof: queries.SenderProofSigned, TokenSha256: hash, TokenSealed: []byte("not sealed"),
	}))
	return id
}

func supplier(t testing.TB, pool *pgxpool.Pool, name string) Supplier {
	t.Helper()
	email := address("owner")
	row, err := queries.New(pool).CreateSupplier(t.Context(), queries.CreateSupplierParams{
		OrgName: name, Category: "photographer", Timezone: "Europe/London", Currency: "GBP", Tier: queries.TierProfessional,
		Email: email, PersonName: "Owner of " + name, PasswordHash: passwordHash(), Verified: true,
	})
	must(t, err)
	return Supplier{row.OrgID, Person{row.UserID, email}}
}

// fill gives an organisation one of everything that a page could show or a sum could count.
func fill(t testing.TB, pool *pgxpool.Pool, org Supplier) {
	t.Helper()
	connection := Connection(t, pool, org.ID, queries.ProviderStripe)
	batch := []string{
		"INSERT INTO clients (org_id, connection_id, external_id, name, email) VALUES ($1, $2, 'c-decoy', 'Decoy Client', 'decoy@example.com')",
		"INSERT INTO bookings (org_id, connection_id, external_id, title, status, starts_local, ends_local, timezone, during) SELECT $1, $2, 'b-decoy', " +
			"'Decoy Wedding', 'confirmed', now()::timestamp + '1 day', now()::timestamp + '2 days', 'UTC', tstzrange(now() + '1 day', now() + '2 days')",
		"INSERT INTO payments (org_id, connection_id, status, amount_minor, currency, refunded_minor, paid_at) VALUES ($1, $2, 'completed', 7777, 'GBP', 77, now())",
		"INSERT INTO vendor_invites (org_id, connection_id, external_id, status, accepted_at) VALUES ($1, $2, 'i-decoy', 'accepted', now())",
		"INSERT INTO webhook_logs (org_id, id, connection_id, provider, event_id, status, received_at, content_type, proof, body) " +
			"VALUES ($1, gen_random_uuid(), $2, 'stripe', 'evt-decoy', 'failed', now(), 'application/json', 'stripe', '{}')",
	}
	for _, statement := range batch {
		_, err := pool.Exec(t.Context(), statement, org.ID, connection)
		must(t, err)
	}
	_, err := pool.Exec(t.Context(), "INSERT INTO sync_conflicts (org_id, subject, field) VALUES ($1, 'decoy', 'date')", org.ID)
	must(t, err)
	must(t, queries.New(pool).Audit(t.Context(), queries.AuditParams{OrgID: org.ID, Action: "decoy.made"}))
}

var addresses atomic.Int64

// address is a new one each time, also within one database.
func address(who string) string {
	return fmt.Sprintf("%s.%d@example.com", strings.ToLower(who), addresses.Add(1))
}

// passwordHash is a true one that costs next to nothing: a test signs in often, and is not about argon2.
func passwordHash() string {
	salt := []byte("sixteen bytes...")
	key := argon2.IDKey([]byte(Password), salt, 1, 8, 1, 32)
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=8,t=1,p=1$%s$%s", argon2.Version, b64(salt), b64(key))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("testdb: %v", err)
	}
}
