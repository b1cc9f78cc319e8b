-- Live pages by levels: one row per audience and region with a version. A page that shows another version is redrawn,
-- so there is no event log to replay or prune and no cursor to lose.

CREATE TABLE live_regions (
    audience   uuid        NOT NULL, -- an organisation, a couple, a wedding or a person
    region     text        NOT NULL,
    version    bigint      NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (audience, region)
) WITH (fillfactor = 50); -- rows are rewritten all day: room on the page keeps the updates HOT

-- What a person may see changes with their memberships and sessions. The bump stands here and not in the handlers
-- so that no writer, not even somebody at a psql prompt, can end a session and leave its live page open.
CREATE FUNCTION touch_access() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO live_regions (audience, region, version, changed_at)
    VALUES (OLD.user_id, 'access', 1, clock_timestamp())
    ON CONFLICT (audience, region)
    DO UPDATE SET version = live_regions.version + 1, changed_at = clock_timestamp();
    RETURN NULL;
END $$;

CREATE TRIGGER sessions_touch_access AFTER UPDATE OR DELETE ON sessions
    FOR EACH ROW EXECUTE FUNCTION touch_access();
CREATE TRIGGER memberships_touch_access AFTER UPDATE OR DELETE ON memberships
    FOR EACH ROW EXECUTE FUNCTION touch_access();
