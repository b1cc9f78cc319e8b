package sandbox

import (
	"net/http/httptest"
	"testing"
	"time"
)

// A mailbox allows four questions at a time, and says so of the fifth.
func TestFourQuestionsAtATime(t *testing.T) {
	t.Parallel()
	g := newGraph(newCourier(), time.Date(2027, 1, 6, 12, 0, 0, 0, time.UTC))
	who := g.Accounts()[0]
	ask := httptest.NewRequest("GET", "/v1.0/me/calendars", nil)
	ask.Header.Set("Authorization", "Bearer "+g.Access(who))
	var a *graphAccount
	for range 4 {
		var fault *graphFault
		if a, fault = g.enter(ask, []string{"me"}); fault != nil {
			t.Fatalf("%+v", fault)
		}
	}
	answer := httptest.NewRecorder()
	if g.ServeHTTP(answer, ask); answer.Code != 429 || answer.Header().Get("Retry-After") == "" {
		t.Errorf("the fifth: %d", answer.Code)
	}
	g.leave(a)
	answer = httptest.NewRecorder()
	if g.ServeHTTP(answer, ask); answer.Code != 200 || g.Most(who) != 4 {
		t.Errorf("afterwards: %d", answer.Code)
	}
}
