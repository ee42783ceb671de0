-- Other systems are told of changes (the Kafka topic campaigns). What there is to tell is campaign_audit, which is
-- written in the transaction of the change; here stands how far it was told.

CREATE TABLE relay_positions (
  name           text PRIMARY KEY,
  -- All changes up to this one were told: in the order of their numbers, and of the campaigns' ids within a number.
  -- Numbers are in the order of commits (raise_campaign_version); campaign_audit.id says nothing of that.
  version        bigint NOT NULL,
  campaign_id    uuid NOT NULL,
  -- Before the first change, every campaign is told as it stands, in the order of ids; after the last, the highest UUID.
  standing_after uuid NOT NULL
);

CREATE INDEX campaign_audit_in_order ON campaign_audit (version, campaign_id, id);

-- A table that is emptied as a whole is a change like another.
CREATE FUNCTION audit_campaign_truncation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format(
    'INSERT INTO campaign_audit (campaign_id, actor, action, version, before)
     SELECT coalesce(row ->> ''campaign_id'', row ->> ''id'')::uuid, ''sql:'' || session_user, $1, $2,
            json_build_object(%2$L, json_agg(row))
       FROM (SELECT to_jsonb(rows_before) AS row FROM %1$I.%2$I AS rows_before) AS written GROUP BY 1',
    TG_TABLE_SCHEMA, TG_TABLE_NAME
  ) USING 'truncate ' || TG_TABLE_NAME, raise_campaign_version();
  RETURN NULL;
END
$$;

CREATE TRIGGER campaigns_truncate_audited BEFORE TRUNCATE ON campaigns
  FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_truncation();
CREATE TRIGGER rules_truncate_audited BEFORE TRUNCATE ON campaign_targeting_rules
  FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_truncation();
CREATE TRIGGER ads_truncate_audited BEFORE TRUNCATE ON ads
  FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_truncation();
