-- What pages ask of notifications: what went wrong lately, and whose address it is that takes nothing.

-- What failed and what nobody knows of, across tenants and channels: few rows, by when they were made.
CREATE INDEX notification_logs_trouble ON notification_logs (created_at) WHERE status IN ('failed', 'bounced', 'unknown');
-- Whose a carrier's id is, when a message that may be out is looked for.
CREATE INDEX notification_logs_ref ON notification_logs (provider_ref) WHERE provider_ref <> '';
-- Who asks for a larger plan, oldest first, across tenants.
CREATE INDEX tier_requests_waiting ON tier_requests (asked_at) WHERE settled_at IS NULL;

-- A telephone number as people type it, as suppressions know it: '07700 900123' of a British organisation is
-- '+447700900123'. Numbers are parsed with care before anything is sent to them; here it only has to be found again whose one
-- is, so what cannot be told is '' and matches nobody.
CREATE FUNCTION dialled(phone text, region text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    digits text;
    calling text;
BEGIN
    IF phone = '' THEN
        RETURN '';
    END IF;
    digits := regexp_replace(replace(phone, '(0)', ''), '\D', '', 'g');
    IF length(digits) NOT BETWEEN 7 AND 17 THEN
        RETURN '';
    ELSIF btrim(phone) LIKE '+%' THEN
        RETURN '+' || digits;
    ELSIF digits LIKE '00%' THEN
        RETURN '+' || substr(digits, 3);
    END IF;
    calling := CASE region WHEN 'GB' THEN '44' WHEN 'IE' THEN '353' WHEN 'US' THEN '1' WHEN 'CA' THEN '1' WHEN 'AU' THEN '61'
        WHEN 'NZ' THEN '64' WHEN 'ZA' THEN '27' WHEN 'FR' THEN '33' WHEN 'DE' THEN '49' WHEN 'AT' THEN '43' WHEN 'CH' THEN '41'
        WHEN 'NL' THEN '31' WHEN 'BE' THEN '32' WHEN 'SE' THEN '46' WHEN 'FI' THEN '358' WHEN 'IT' THEN '39' END;
    RETURN CASE
        WHEN calling IS NULL THEN ''
        WHEN calling = '1' AND length(digits) = 11 THEN '+' || digits
        WHEN calling IN ('1', '39') THEN '+' || calling || digits -- Italy dials its zeros from abroad, too
        ELSE '+' || calling || regexp_replace(digits, '^0', '')
    END;
END $$;
