package web

import (
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

func TestTheLastOwnerStays(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner, second := w.as(t, "owner"), testdb.Member(t, w.pool, w.org.ID, queries.RoleOwner)
	me, them := "/app/team/"+w.org.Owner.ID.String(), "/app/team/"+second.ID.String()
	if got := w.post(t, them+"/role", url.Values{"role": {"staff"}}, owner); got.Code != 303 {
		t.Fatalf("one of two owners: %d", got.Code)
	}
	for _, try := range []struct {
		path string
		form url.Values
		want int
	}{
		{me + "/role", url.Values{"role": {"staff"}}, 404}, {me + "/role", url.Values{"role": {"manager"}}, 404}, {me + "/removal", nil, 404},
		{me + "/role", url.Values{"role": {"owner"}}, 303}, {me + "/role", url.Values{"role": {"emperor"}}, 400}, {me + "/role", nil, 400},
	} {
		if got := w.post(t, try.path, try.form, owner); got.Code != try.want {
			t.Errorf("%s %v: %d", try.path, try.form, got.Code)
		}
	}
	if w.count(t, "SELECT count(*) FROM memberships WHERE org_id = $1 AND role = 'owner'", w.org.ID) != 1 {
		t.Error("the last owner is gone")
	}
}

func TestTwoOwnersWhoDemoteEachOtherAtOnceLeaveOne(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for round := range 15 {
		org := testdb.Org(t, w.pool)
		second := testdb.Member(t, w.pool, org.ID, queries.RoleOwner)
		pairs := [][2]testdb.Person{{org.Owner, second}, {second, org.Owner}}
		if round%3 == 2 {
			pairs = [][2]testdb.Person{{org.Owner, org.Owner}, {second, second}} // both resign
		}
		cookies := [2]*http.Cookie{w.session(t, pairs[0][0]), w.session(t, pairs[1][0])}
		var both sync.WaitGroup
		for i, pair := range pairs {
			path := "/app/team/" + pair[1].ID.String()
			both.Go(func() {
				if round%2 == 0 {
					w.post(t, path+"/removal", nil, cookies[i])
				} else {
					w.post(t, path+"/role", url.Values{"role": {"staff"}}, cookies[i])
				}
			})
		}
		both.Wait()
		if owners := w.count(t, "SELECT count(*) FROM memberships WHERE org_id = $1 AND role = 'owner'", org.ID); owners != 1 {
			t.Fatalf("round %d: %d owners", round, owners)
		}
	}
}

func TestAChangeOfRoleHoldsFromTheNextClick(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner, member := w.as(t, "owner"), testdb.Member(t, w.pool, w.org.ID, queries.RoleStaff)
	cookie := w.session(t, member)
	for _, step := range []struct {
		role                string
		connection, newTeam int
	}{{"staff", 403, 403}, {"manager", 200, 403}, {"owner", 200, 422}, {"staff", 403, 403}} {
		if got := w.post(t, "/app/team/"+member.ID.String()+"/role", url.Values{"role": {step.role}}, owner); got.Code != 303 {
			t.Fatal(got.Code)
		}
		if got := w.get(t, "/app/connections/new", cookie); got.Code != step.connection {
			t.Errorf("as %s, the form: %d", step.role, got.Code)
		}
		if got := w.post(t, "/app/team", nil, cookie); got.Code != step.newTeam {
			t.Errorf("as %s, the team: %d", step.role, got.Code)
		}
	}
	if w.count(t, "SELECT count(*) FROM audit_log WHERE org_id = $1 AND action = 'member.role' AND subject = $2", w.org.ID, member.ID.String()) != 4 {
		t.Error("not every change of role is in the audit log")
	}
}
