-- A change by plain SQL counts like one by the server: every statement that touches the campaigns, their rules or
-- their ads takes the transaction's number. Taken once, it stays the same until the transaction ends.

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
  RETURN raised;
END
$$;

CREATE FUNCTION note_campaign_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM raise_campaign_version();
  RETURN NULL;
END
$$;

CREATE TRIGGER campaigns_changed AFTER INSERT OR UPDATE OR DELETE ON campaigns
  FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change();
CREATE TRIGGER campaign_targeting_rules_changed AFTER INSERT OR UPDATE OR DELETE ON campaign_targeting_rules
  FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change();
CREATE TRIGGER ads_changed AFTER INSERT OR UPDATE OR DELETE ON ads
  FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change();
