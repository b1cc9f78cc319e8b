package notify

import "github.com/wedsync/wedsync/queries"

// rank is how far a notification has come. What ends one way does not end another: of two ends with the same rank the first
// one stays. A bounce may come after a delivery, when the other side took the mail and only then found nobody to give it to;
// a delivery after a bounce is an old report.
var rank = map[queries.NotificationStatus]int{
	queries.NotificationStatusQueued:       0,
	queries.NotificationStatusBundled:      0,
	queries.NotificationStatusSending:      1,
	queries.NotificationStatusUnknown:      2,
	queries.NotificationStatusAccepted:     3,
	queries.NotificationStatusDelivered:    4,
	queries.NotificationStatusFailed:       5,
	queries.NotificationStatusBounced:      5,
	queries.NotificationStatusSeen:         6,
	queries.NotificationStatusComplained:   7,
	queries.NotificationStatusAcknowledged: 8,
	queries.NotificationStatusSkipped:      9, // nothing was sent, so no report can be of it
}

// Fold is how a notification stands after somebody said something of it. It never goes back, in whatever order and however
// often reports come. What is not a status changes nothing.
func Fold(current, said queries.NotificationStatus) queries.NotificationStatus {
	to, known := rank[said]
	if !known || to <= rank[current] {
		return current
	}
	return said
}
