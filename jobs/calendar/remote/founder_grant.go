package remote

import "context"

// Grant gives a live access token. stale: that one was refused, so it is refreshed.
type Grant func(ctx context.Context, stale string) (accessToken string, err error)
