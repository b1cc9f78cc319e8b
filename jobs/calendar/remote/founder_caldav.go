package remote

import (
	"context"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/outside"
)

type CalDAV struct {
	Door                *outside.Door
	OrgID               uuid.UUID
	URL, User, Password string
	Box                 string
}
type Feed struct {
	Door  *outside.Door
	OrgID uuid.UUID
	URL   string
	Box   string
}

func (*CalDAV) Calendars(ctx context.Context) ([]Calendar, error) { return nil, ErrNoCalendar }
func (*CalDAV) Changes(ctx context.Context, calendar, token string, w Window, page func([]Object) error) (Pull, error) {
	return Pull{}, ErrNoCalendar
}
func (*CalDAV) Get(ctx context.Context, calendar, id string) (Object, error) {
	return Object{}, ErrNoCalendar
}
func (*CalDAV) Put(ctx context.Context, calendar string, d Draft) (Written, error) {
	return Written{}, ErrNoCalendar
}
func (*CalDAV) Delete(ctx context.Context, calendar, id, etag string) error { return nil }
func (*Feed) Calendars(ctx context.Context) ([]Calendar, error)             { return nil, ErrNoCalendar }
func (*Feed) Changes(ctx context.Context, calendar, token string, w Window, page func([]Object) error) (Pull, error) {
	return Pull{}, ErrNoCalendar
}
func (*Feed) Get(ctx context.Context, calendar, id string) (Object, error) {
	return Object{}, ErrNoCalendar
}
func (*Feed) Put(ctx context.Context, calendar string, d Draft) (Written, error) {
	return Written{}, ErrReadOnly
}
func (*Feed) Delete(ctx context.Context, calendar, id, etag string) error { return nil }
