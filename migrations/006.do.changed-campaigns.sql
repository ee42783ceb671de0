-- Which campaigns a change touched: a node reads those anew, and no others. One row a campaign, also for those that are
-- gone. Listeners of the channel gavel_campaigns are told the number of each change when it is committed.

CREATE TABLE changed_campaigns (
  id      uuid PRIMARY KEY,
  -- The number of the last change (campaign_changes) of the campaign, its targeting or its ads.
  version bigint NOT NULL
);

CREATE INDEX idx_changed_campaigns_version ON changed_campaigns (version);

CREATE OR REPLACE FUNCTION raise_campaign_version() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  raised bigint;
BEGIN
  IF current_setting('gavel.raised_in', true) = txid_current()::text THEN
    SELECT version INTO raised FROM campaign_changes;
    RETURN raised;
  END IF;
  PERFORM pg_advisory_xact_lock(7238002);
  UPDATE campaign_changes SET version = version + 1 RETURNING version INTO raised;
  PERFORM set_config('gavel.raised_in', txid_current()::text, true);
  PERFORM pg_notify('gavel_campaigns', raised::text);
  RETURN raised;
END
$$;

-- Its argument: the column that holds the campaign's id. A row that moves to another campaign changes both.
CREATE OR REPLACE FUNCTION note_campaign_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  touched text := CASE TG_OP
    WHEN 'INSERT' THEN 'SELECT %1$I FROM new_rows'
    WHEN 'DELETE' THEN 'SELECT %1$I FROM old_rows'
    -- Before it is done: all rows are there still.
    WHEN 'TRUNCATE' THEN 'SELECT %1$I FROM %2$I.%3$I'
    ELSE 'SELECT %1$I FROM old_rows UNION SELECT %1$I FROM new_rows'
  END;
BEGIN
  EXECUTE format(
    'INSERT INTO changed_campaigns AS known (id, version) SELECT DISTINCT id, $1 FROM (' || touched || ') AS touched (id)
     ON CONFLICT (id) DO UPDATE SET version = excluded.version WHERE known.version <> excluded.version',
    TG_ARGV[0], TG_TABLE_SCHEMA, TG_TABLE_NAME
  ) USING raise_campaign_version();
  RETURN NULL;
END
$$;

-- A trigger that sees the rows of a statement belongs to one kind of statement.
DROP TRIGGER campaigns_changed ON campaigns;
DROP TRIGGER campaign_targeting_rules_changed ON campaign_targeting_rules;
DROP TRIGGER ads_changed ON ads;

CREATE TRIGGER campaigns_inserted AFTER INSERT ON campaigns
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('id');
CREATE TRIGGER campaigns_updated AFTER UPDATE ON campaigns
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('id');
CREATE TRIGGER campaigns_deleted AFTER DELETE ON campaigns
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('id');

CREATE TRIGGER campaign_targeting_rules_inserted AFTER INSERT ON campaign_targeting_rules
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('campaign_id');
CREATE TRIGGER campaign_targeting_rules_updated AFTER UPDATE ON campaign_targeting_rules
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('campaign_id');
CREATE TRIGGER campaign_targeting_rules_deleted AFTER DELETE ON campaign_targeting_rules
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('campaign_id');

CREATE TRIGGER ads_inserted AFTER INSERT ON ads
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('campaign_id');
CREATE TRIGGER ads_updated AFTER UPDATE ON ads
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('campaign_id');
CREATE TRIGGER ads_deleted AFTER DELETE ON ads
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('campaign_id');

CREATE TRIGGER campaigns_truncated BEFORE TRUNCATE ON campaigns
  FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('id');
CREATE TRIGGER campaign_targeting_rules_truncated BEFORE TRUNCATE ON campaign_targeting_rules
  FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('campaign_id');
CREATE TRIGGER ads_truncated BEFORE TRUNCATE ON ads
  FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('campaign_id');
