package web

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
)

func TestAPreviewSaysHowItDiffersFromWhatStands(t *testing.T) {
	t.Parallel()
	name, other := "Anna", "Bea"
	event := inbound.Event{Type: inbound.ClientCreated, OccurredAt: time.Unix(1_800_000_000, 0).UTC(), Client: &inbound.Client{ExternalID: "c", Name: &name}}
	was, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	var shuffled map[string]any // as jsonb gives it back: the same, in another order
	if err := json.Unmarshal(was, &shuffled); err != nil {
		t.Fatal(err)
	}
	if was, err = json.Marshal(shuffled); err != nil {
		t.Fatal(err)
	}
	changed := event
	changed.Client = &inbound.Client{ExternalID: "c", Name: &other}
	wrong := inbound.WrongShape{Reason: "no"}
	for _, tt := range []struct {
		status queries.DeliveryStatus
		stored []byte
		event  inbound.Event
		err    error
		want   views.PreviewChange
	}{
		{queries.DeliveryStatusApplied, was, event, nil, views.ChangeNone},
		{queries.DeliveryStatusApplied, was, changed, nil, views.ChangeDiffs},
		{queries.DeliveryStatusApplied, was, inbound.Event{}, wrong, views.ChangeLost},
		{queries.DeliveryStatusApplied, was, inbound.Event{}, inbound.Ignored{Reason: "not used"}, views.ChangeLost},
		{queries.DeliveryStatusApplied, []byte("7"), event, nil, views.ChangeDiffs},
		{queries.DeliveryStatusFailed, nil, event, nil, views.ChangeFound},
		{queries.DeliveryStatusIgnored, nil, event, nil, views.ChangeFound},
		{queries.DeliveryStatusFailed, nil, inbound.Event{}, wrong, ""},
		{queries.DeliveryStatusAccepted, nil, event, nil, ""},
	} {
		row := queries.SamplesRow{Status: tt.status, Normalised: tt.stored}
		if got := compared(row, tt.event, tt.err); got != tt.want {
			t.Errorf("%s, %v: %q, want %q", tt.status, tt.err, got, tt.want)
		}
	}
}
