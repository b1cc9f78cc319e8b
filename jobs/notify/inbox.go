package notify

import "github.com/google/uuid"

// EmergencyRegion is the live region of what somebody has not said they have seen, at the top of every page.
func EmergencyRegion(user uuid.UUID) string { return "emergency:" + user.String() }

// InboxRegions are those that change with somebody's inbox; with an emergency in it, or one acknowledged, one more.
func InboxRegions(user uuid.UUID, emergency bool) []string {
	regions := []string{InboxRegion(user), LettersRegion(user)}
	if emergency {
		regions = append(regions, EmergencyRegion(user))
	}
	return regions
}
