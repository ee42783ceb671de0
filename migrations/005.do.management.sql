-- What the management endpoints need: a record of every change, keys, and the answers to requests that may come twice.

CREATE TABLE campaign_audit (
  -- In the order of commits: it is given under the lock of raise_campaign_version.
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  campaign_id uuid NOT NULL,
  at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- admin, key:<name>, import, demo; sql:<role> for a change by plain SQL.
  actor       text NOT NULL,
  action      text NOT NULL,
  version     bigint NOT NULL,
  -- The campaign as the endpoints show it; of a change by plain SQL the rows, under the name of their table.
  before      json,
  after       json
);

CREATE INDEX campaign_audit_by_campaign ON campaign_audit (campaign_id, id);

CREATE FUNCTION keep_campaign_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'campaign_audit is never changed: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER campaign_audit_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON campaign_audit
  FOR EACH STATEMENT EXECUTE FUNCTION keep_campaign_audit();

-- The program records its own changes, in whole campaigns, and says so by gavel.actor. Whatever else writes is recorded
-- here: a row a statement and campaign.
CREATE FUNCTION audit_campaign_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(current_setting('gavel.actor', true), '') <> '' THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO campaign_audit (campaign_id, actor, action, version, after)
    SELECT coalesce(row ->> 'campaign_id', row ->> 'id')::uuid, 'sql:' || session_user, 'insert ' || TG_TABLE_NAME,
           raise_campaign_version(), json_build_object(TG_TABLE_NAME, json_agg(row))
      FROM (SELECT to_jsonb(rows_after) AS row FROM rows_after) AS written GROUP BY 1;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO campaign_audit (campaign_id, actor, action, version, before)
    SELECT coalesce(row ->> 'campaign_id', row ->> 'id')::uuid, 'sql:' || session_user, 'delete ' || TG_TABLE_NAME,
           raise_campaign_version(), json_build_object(TG_TABLE_NAME, json_agg(row))
      FROM (SELECT to_jsonb(rows_before) AS row FROM rows_before) AS written GROUP BY 1;
  ELSE
    INSERT INTO campaign_audit (campaign_id, actor, action, version, before, after)
    SELECT coalesce(row ->> 'campaign_id', row ->> 'id')::uuid, 'sql:' || session_user, 'update ' || TG_TABLE_NAME,
           raise_campaign_version(),
           json_build_object(TG_TABLE_NAME, json_agg(row) FILTER (WHERE is_before)),
           json_build_object(TG_TABLE_NAME, json_agg(row) FILTER (WHERE NOT is_before))
      FROM (SELECT to_jsonb(rows_before) AS row, true AS is_before FROM rows_before
            UNION ALL
            SELECT to_jsonb(rows_after), false FROM rows_after) AS written GROUP BY 1;
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER campaigns_insert_audited AFTER INSERT ON campaigns
  REFERENCING NEW TABLE AS rows_after FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_rows();
CREATE TRIGGER campaigns_update_audited AFTER UPDATE ON campaigns
  REFERENCING OLD TABLE AS rows_before NEW TABLE AS rows_after FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_rows();
CREATE TRIGGER campaigns_delete_audited AFTER DELETE ON campaigns
  REFERENCING OLD TABLE AS rows_before FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_rows();
CREATE TRIGGER rules_insert_audited AFTER INSERT ON campaign_targeting_rules
  REFERENCING NEW TABLE AS rows_after FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_rows();
CREATE TRIGGER rules_update_audited AFTER UPDATE ON campaign_targeting_rules
  REFERENCING OLD TABLE AS rows_before NEW TABLE AS rows_after FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_rows();
CREATE TRIGGER rules_delete_audited AFTER DELETE ON campaign_targeting_rules
  REFERENCING OLD TABLE AS rows_before FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_rows();
CREATE TRIGGER ads_insert_audited AFTER INSERT ON ads
  REFERENCING NEW TABLE AS rows_after FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_rows();
CREATE TRIGGER ads_update_audited AFTER UPDATE ON ads
  REFERENCING OLD TABLE AS rows_before NEW TABLE AS rows_after FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_rows();
CREATE TRIGGER ads_delete_audited AFTER DELETE ON ads
  REFERENCING OLD TABLE AS rows_before FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_rows();

-- Only the hash is kept: a key can't be read out of the database.
CREATE TABLE management_keys (
  id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  -- Names the key in the audit for ever, so that no two keys share one.
  name          varchar(255) NOT NULL UNIQUE,
  role          varchar(6) NOT NULL CHECK (role IN ('read', 'manage')),
  -- The one advertiser whose campaigns it sees; NULL: all.
  advertiser_id uuid,
  key_hash      bytea NOT NULL UNIQUE CHECK (octet_length(key_hash) = 32),
  created_at    timestamptz NOT NULL DEFAULT now(),
  revoked_at    timestamptz
);

-- The answer to a request with an Idempotency-Key, written in the transaction of its change.
CREATE TABLE idempotent_answers (
  actor       text NOT NULL,
  key         varchar(255) NOT NULL,
  -- Of method, path and body.
  fingerprint text NOT NULL,
  -- {"status", "headers", "body"}; NULL only inside its transaction.
  answer      json,
  created_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (actor, key)
);

CREATE INDEX idempotent_answers_by_age ON idempotent_answers (created_at);

-- Lists go on behind (created_at, id). Only where it is needed: even an UPDATE of no row counts as a change.
DO $$
BEGIN
  IF EXISTS (SELECT FROM campaigns WHERE created_at NOT BETWEEN '1970-01-01Z' AND '2200-01-01Z') THEN
    UPDATE campaigns SET created_at = now() WHERE created_at NOT BETWEEN '1970-01-01Z' AND '2200-01-01Z';
  END IF;
END
$$;
ALTER TABLE campaigns ADD CONSTRAINT campaigns_created_at CHECK (created_at BETWEEN '1970-01-01Z' AND '2200-01-01Z');
CREATE INDEX campaigns_in_order ON campaigns (created_at, id);

-- Ads that change places do so in one statement, which passes through numbers that are taken twice.
ALTER TABLE ads DROP CONSTRAINT ads_campaign_id_ad_number_key;
ALTER TABLE ads ADD CONSTRAINT ads_campaign_id_ad_number_key UNIQUE (campaign_id, ad_number) DEFERRABLE;
