-- name: SavePushSubscription :one
-- A browser's address belongs to whoever signed in there last: the same browser is not told of two people's affairs. Nobody
-- keeps more than twenty; the one that was used longest ago makes room.
-- Indexes: push_subscriptions_endpoint_key, push_subscriptions_pkey.
WITH crowded AS (
    DELETE FROM push_subscriptions WHERE user_id = @user_id AND id IN (
        SELECT p.id FROM push_subscriptions p WHERE p.user_id = @user_id AND p.endpoint <> @endpoint
        ORDER BY coalesce(p.last_used_at, p.created_at) DESC, p.id OFFSET 19)
)
INSERT INTO push_subscriptions (user_id, endpoint, p256dh, auth, timezone, label, device_sha256)
VALUES (@user_id, @endpoint, @p256dh, @auth, @timezone, @label, @device_sha256)
ON CONFLICT (endpoint) DO UPDATE SET
    user_id = excluded.user_id, p256dh = excluded.p256dh, auth = excluded.auth, timezone = excluded.timezone, label = excluded.label, device_sha256 = excluded.device_sha256, failed = '',
    created_at = CASE WHEN push_subscriptions.user_id = excluded.user_id THEN push_subscriptions.created_at ELSE now() END,
    last_used_at = CASE WHEN push_subscriptions.user_id = excluded.user_id THEN push_subscriptions.last_used_at END
RETURNING id;

-- name: PushSubscriptionsOf :many
-- Index: push_subscriptions_pkey.
SELECT id, endpoint, p256dh, auth, timezone, label, created_at, last_used_at, failed
FROM push_subscriptions WHERE user_id = @user_id ORDER BY created_at DESC, id;

-- name: RemovePushSubscription :execrows
-- By its person. Index: push_subscriptions_pkey.
DELETE FROM push_subscriptions WHERE user_id = @user_id AND id = @id;

-- name: EndPushesHere :exec
-- Whoever signs out hears nothing there any more. Index: push_subscriptions_pkey.
DELETE FROM push_subscriptions WHERE user_id = @user_id AND device_sha256 = @device_sha256::bytea;
