-- name: Bell :one
-- What the frame of every page shows: how many notices are new to somebody, counted as far as is said, and the versions
-- that the stream goes on from: one statement, so they agree. Indexes: notification_logs_unread; live_regions' primary key.
SELECT (SELECT count(*) FROM (SELECT FROM notification_logs l
            WHERE l.org_id = @org_id AND l.recipient_id = @recipient_id AND l.channel = 'in_app' AND l.status = 'delivered' LIMIT 100) n)::bigint AS unread,
       coalesce(inbox.version, 0)::bigint AS version, inbox.changed_at,
       coalesce(alarm.version, 0)::bigint AS alarm_version, alarm.changed_at AS alarm_changed_at
FROM (VALUES (1)) AS always(one)
LEFT JOIN live_regions inbox ON inbox.audience = @org_id AND inbox.region = @inbox_region
LEFT JOIN live_regions alarm ON alarm.audience = @org_id AND alarm.region = @alarm_region;

-- name: Alarms :many
-- The emergencies that somebody has not said they have seen: of the last days, since an old one helps nobody at the top of
-- every page. What it walks over is those days of one inbox. Index: notification_logs_inbox.
SELECT l.id, l.kind, n.facts
FROM notification_logs l JOIN notices n ON n.org_id = l.org_id AND n.id = l.notice_id
WHERE l.org_id = @org_id AND l.recipient_id = @recipient_id AND l.channel = 'in_app' AND l.created_at > @since
  AND l.urgent AND l.status IN ('delivered', 'seen')
ORDER BY l.created_at DESC, l.id DESC LIMIT 3;

-- name: Inbox :many
-- What somebody was told in the product, newest first, in their own zone. @before is the last one of the page before; the
-- greatest id, or one that is not theirs, begins at the newest. One more than a page. Index: notification_logs_inbox.
SELECT l.id, l.status, l.urgent, l.kind, l.created_at, n.facts, coalesce(nullif(u.timezone, ''), o.timezone)::text AS zone
FROM notification_logs l
JOIN notices n ON n.org_id = l.org_id AND n.id = l.notice_id
JOIN users u ON u.id = l.recipient_id
JOIN orgs o ON o.id = l.org_id
WHERE l.org_id = @org_id AND l.recipient_id = @recipient_id AND l.channel = 'in_app' AND l.status IN ('delivered', 'seen', 'acknowledged')
  AND (l.created_at, l.id) < (coalesce((SELECT b.created_at FROM notification_logs b
        WHERE b.org_id = @org_id AND b.recipient_id = @recipient_id AND b.channel = 'in_app' AND b.id = @before), 'infinity'), @before)
ORDER BY l.created_at DESC, l.id DESC LIMIT 51;

-- name: InboxLetter :one
-- One of them, if it is theirs; a push of theirs counts as the notice that it brings. Primary key.
SELECT l.urgent, l.kind, n.facts FROM notification_logs l JOIN notices n ON n.org_id = l.org_id AND n.id = l.notice_id
WHERE l.org_id = @org_id AND l.id = @id AND l.recipient_id = @recipient_id
  AND (l.channel = 'push' OR l.channel = 'in_app' AND l.status IN ('delivered', 'seen', 'acknowledged'));

-- name: SeeLetter :many
-- A status never steps back: what was acknowledged stays so, and a second look changes nothing. Whoever opens a push has
-- seen it, and the notice in their inbox with it; other legs stay as they are. Index: notification_logs_once.
UPDATE notification_logs l SET status = 'seen', seen_at = @now
WHERE l.org_id = @org_id AND l.recipient_id = @recipient_id
  AND l.notice_id = (SELECT o.notice_id FROM notification_logs o WHERE o.org_id = @org_id AND o.id = @id AND o.recipient_id = @recipient_id)
  AND (l.channel = 'in_app' AND l.status = 'delivered' OR l.channel = 'push' AND l.id = @id AND l.status IN ('sending', 'unknown', 'accepted', 'delivered'))
RETURNING l.id;

-- name: SeeLetters :many
-- All that are new, up to the newest that the page showed: what came while somebody read was not seen by them. An id that
-- is not theirs stands for none. Index: notification_logs_unread.
UPDATE notification_logs l SET status = 'seen', seen_at = @now
WHERE l.org_id = @org_id AND l.recipient_id = @recipient_id AND l.channel = 'in_app' AND l.status = 'delivered'
  AND (l.created_at, l.id) <= (SELECT b.created_at, b.id FROM notification_logs b
        WHERE b.org_id = @org_id AND b.recipient_id = @recipient_id AND b.channel = 'in_app' AND b.id = @newest)
RETURNING l.id;

-- name: AcknowledgeLetter :many
-- Somebody says that they have seen an emergency, in the same way. Index: notification_logs_once.
UPDATE notification_logs l SET status = 'acknowledged', seen_at = coalesce(l.seen_at, @now), acknowledged_at = @now
WHERE l.org_id = @org_id AND l.recipient_id = @recipient_id AND l.urgent
  AND l.notice_id = (SELECT o.notice_id FROM notification_logs o WHERE o.org_id = @org_id AND o.id = @id AND o.recipient_id = @recipient_id)
  AND (l.channel = 'in_app' AND l.status IN ('delivered', 'seen')
       OR l.channel = 'push' AND l.id = @id AND l.status IN ('sending', 'unknown', 'accepted', 'delivered', 'seen'))
RETURNING l.id;

-- name: AddInboxSteps :exec
-- The same step of many, for their timelines.
INSERT INTO notification_steps (org_id, id, notification_id, at, step)
SELECT @org_id, s.id, s.notification_id, @at, @step FROM unnest(@ids::uuid[], @notification_ids::uuid[]) AS s(id, notification_id);
