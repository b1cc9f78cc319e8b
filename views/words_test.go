package views

import "testing"

func TestEventWords(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"evt_1": "evt_1", "late:evt_1": "evt_1", "sha256:ab@2026-11-23": "No id of its own", "late:sha256:ab@2026-11-23": "No id of its own",
		"id-sha256:ab": "An id too long to show", "row:ab": "A row of a list", "job/01J@2026": "job/01J@2026",
	} {
		if got := eventWords(id); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}
