-- All that the migrations make, to be read: `npm run schema` writes it, and a test compares it. Partitions by day are
-- made by the program. What tables and columns mean stands in migrations/.

CREATE DOMAIN ad_reference AS text;

CREATE DOMAIN nanos AS bigint CHECK (((VALUE >= 0) AND (VALUE <= '9007199254740991'::bigint)));

CREATE OR REPLACE FUNCTION public.audit_campaign_rows()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION public.audit_campaign_truncation()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION public.is_numbered(ad ad_reference, number bigint)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ SELECT ad::text = number::text $function$
;

CREATE OR REPLACE FUNCTION public.keep_campaign_audit()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  RAISE EXCEPTION 'campaign_audit is never changed: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$function$
;

CREATE OR REPLACE FUNCTION public.note_campaign_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION public.raise_campaign_version()
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
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
$function$
;

CREATE OPERATOR = (LEFTARG = ad_reference, RIGHTARG = bigint, FUNCTION = is_numbered);

CREATE TABLE ad_stats_day (
  ad_id text COLLATE "C" NOT NULL,
  date date NOT NULL,
  known boolean NOT NULL,
  impressions bigint DEFAULT 0 NOT NULL,
  clicks bigint DEFAULT 0 NOT NULL,
  conversions bigint DEFAULT 0 NOT NULL,
  wins bigint DEFAULT 0 NOT NULL,
  billings bigint DEFAULT 0 NOT NULL,
  losses bigint DEFAULT 0 NOT NULL,
  spend_nanos nanos DEFAULT 0 NOT NULL,
  media_cost_nanos nanos DEFAULT 0 NOT NULL,
  value_micros nanos DEFAULT 0 NOT NULL,
  rated_impressions bigint DEFAULT 0 NOT NULL,
  rated_clicks bigint DEFAULT 0 NOT NULL,
  rated_conversions bigint DEFAULT 0 NOT NULL,
  CONSTRAINT ad_stats_day_pkey PRIMARY KEY (ad_id, date)
);
CREATE INDEX idx_ad_days_known ON public.ad_stats_day USING btree (date) WHERE known;
CREATE INDEX idx_ad_days_unknown ON public.ad_stats_day USING btree (date) WHERE (NOT known);

CREATE TABLE ad_stats_minute (
  bucket_start timestamp with time zone NOT NULL,
  ad_id text COLLATE "C" NOT NULL,
  known boolean NOT NULL,
  impressions bigint DEFAULT 0 NOT NULL,
  clicks bigint DEFAULT 0 NOT NULL,
  conversions bigint DEFAULT 0 NOT NULL,
  wins bigint DEFAULT 0 NOT NULL,
  billings bigint DEFAULT 0 NOT NULL,
  losses bigint DEFAULT 0 NOT NULL,
  spend_nanos nanos DEFAULT 0 NOT NULL,
  media_cost_nanos nanos DEFAULT 0 NOT NULL,
  value_micros nanos DEFAULT 0 NOT NULL,
  CONSTRAINT ad_stats_minute_pkey PRIMARY KEY (bucket_start, ad_id)
) PARTITION BY RANGE (bucket_start);
CREATE INDEX idx_ad_stats_ad ON ONLY public.ad_stats_minute USING btree (ad_id, bucket_start);
CREATE INDEX idx_ad_stats_unknown ON ONLY public.ad_stats_minute USING btree (bucket_start) WHERE (NOT known);

CREATE TABLE ads (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  campaign_id uuid NOT NULL,
  ad_number integer NOT NULL,
  type character varying(6) DEFAULT 'banner'::character varying NOT NULL,
  status character varying(20) DEFAULT 'active'::character varying NOT NULL,
  title character varying(255) NOT NULL,
  description text,
  image_url character varying(2048),
  html text,
  redirect_url character varying(2048) NOT NULL,
  width integer,
  height integer,
  call_to_action character varying(255),
  icon_url character varying(2048),
  sponsored_by character varying(255),
  rating double precision,
  price character varying(255),
  adomain text[] DEFAULT '{}'::text[] NOT NULL,
  categories text[] DEFAULT '{}'::text[] NOT NULL,
  cattax integer DEFAULT 1 NOT NULL,
  attributes integer[] DEFAULT '{}'::integer[] NOT NULL,
  bundle character varying(255),
  media jsonb DEFAULT '[]'::jsonb NOT NULL,
  duration_sec integer,
  skippable_after_sec integer,
  protocols integer[] DEFAULT '{}'::integer[] NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT ads_campaign_id_ad_number_key UNIQUE (campaign_id, ad_number) DEFERRABLE,
  CONSTRAINT ads_pkey PRIMARY KEY (id),
  CONSTRAINT ads_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaigns(id) ON DELETE CASCADE,
  CONSTRAINT ads_ad_number_check CHECK ((ad_number >= 0)),
  CONSTRAINT ads_banner_size CHECK ((((type)::text <> 'banner'::text) OR COALESCE((((width >= 1) AND (width <= 65535)) AND ((height >= 1) AND (height <= 65535))), false))) NOT VALID,
  CONSTRAINT ads_cattax_check CHECK ((cattax > 0)),
  CONSTRAINT ads_check CHECK ((((type)::text <> 'banner'::text) OR ((width IS NOT NULL) AND (height IS NOT NULL) AND (num_nonnulls(image_url, html) > 0)))),
  CONSTRAINT ads_duration_sec_check CHECK ((duration_sec > 0)),
  CONSTRAINT ads_height_check CHECK ((height > 0)),
  CONSTRAINT ads_media_check CHECK ((jsonb_typeof(media) = 'array'::text)),
  CONSTRAINT ads_rating_check CHECK (((rating >= (0)::double precision) AND (rating <= (5)::double precision))),
  CONSTRAINT ads_skippable_after_sec_check CHECK ((skippable_after_sec >= 0)),
  CONSTRAINT ads_status_check CHECK (((status)::text = ANY ((ARRAY['active'::character varying, 'paused'::character varying, 'ended'::character varying])::text[]))),
  CONSTRAINT ads_type_check CHECK (((type)::text = ANY ((ARRAY['banner'::character varying, 'video'::character varying, 'audio'::character varying, 'native'::character varying])::text[]))),
  CONSTRAINT ads_width_check CHECK ((width > 0))
);
CREATE TRIGGER ads_delete_audited AFTER DELETE ON public.ads REFERENCING OLD TABLE AS rows_before FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_rows();
CREATE TRIGGER ads_deleted AFTER DELETE ON public.ads REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('campaign_id');
CREATE TRIGGER ads_insert_audited AFTER INSERT ON public.ads REFERENCING NEW TABLE AS rows_after FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_rows();
CREATE TRIGGER ads_inserted AFTER INSERT ON public.ads REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('campaign_id');
CREATE TRIGGER ads_truncate_audited BEFORE TRUNCATE ON public.ads FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_truncation();
CREATE TRIGGER ads_truncated BEFORE TRUNCATE ON public.ads FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('campaign_id');
CREATE TRIGGER ads_update_audited AFTER UPDATE ON public.ads REFERENCING OLD TABLE AS rows_before NEW TABLE AS rows_after FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_rows();
CREATE TRIGGER ads_updated AFTER UPDATE ON public.ads REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('campaign_id');

CREATE TABLE bids_minute (
  bucket_start timestamp with time zone NOT NULL,
  campaign_id uuid NOT NULL,
  bids bigint NOT NULL,
  CONSTRAINT bids_minute_pkey PRIMARY KEY (bucket_start, campaign_id),
  CONSTRAINT bids_minute_bids_check CHECK ((bids <= '9007199254740991'::bigint))
) PARTITION BY RANGE (bucket_start);

CREATE TABLE budget_books (
  campaign_id uuid NOT NULL,
  opened_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT budget_books_pkey PRIMARY KEY (campaign_id)
);

CREATE TABLE campaign_audit (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  campaign_id uuid NOT NULL,
  at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  version bigint NOT NULL,
  before json,
  after json,
  CONSTRAINT campaign_audit_pkey PRIMARY KEY (id)
);
CREATE INDEX campaign_audit_by_campaign ON public.campaign_audit USING btree (campaign_id, id);
CREATE INDEX campaign_audit_in_order ON public.campaign_audit USING btree (version, campaign_id, id);
CREATE TRIGGER campaign_audit_kept BEFORE DELETE OR UPDATE OR TRUNCATE ON public.campaign_audit FOR EACH STATEMENT EXECUTE FUNCTION keep_campaign_audit();

CREATE TABLE campaign_changes (
  only_row boolean DEFAULT true NOT NULL,
  version bigint NOT NULL,
  CONSTRAINT campaign_changes_pkey PRIMARY KEY (only_row),
  CONSTRAINT campaign_changes_only_row_check CHECK (only_row)
);

CREATE TABLE campaign_targeting_rules (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  campaign_id uuid NOT NULL,
  rule_number integer NOT NULL,
  value_number integer NOT NULL,
  rule_type character varying(50) NOT NULL,
  operator character varying(7) DEFAULT 'include'::character varying NOT NULL,
  rule_value character varying(255) NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT campaign_targeting_rules_campaign_id_rule_number_value_numb_key UNIQUE (campaign_id, rule_number, value_number),
  CONSTRAINT campaign_targeting_rules_pkey PRIMARY KEY (id),
  CONSTRAINT campaign_targeting_rules_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaigns(id) ON DELETE CASCADE,
  CONSTRAINT campaign_targeting_rules_operator_check CHECK (((operator)::text = ANY ((ARRAY['include'::character varying, 'exclude'::character varying])::text[]))),
  CONSTRAINT campaign_targeting_rules_rule_number_check CHECK ((rule_number >= 0)),
  CONSTRAINT campaign_targeting_rules_value_number_check CHECK ((value_number >= 0))
);
CREATE TRIGGER campaign_targeting_rules_deleted AFTER DELETE ON public.campaign_targeting_rules REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('campaign_id');
CREATE TRIGGER campaign_targeting_rules_inserted AFTER INSERT ON public.campaign_targeting_rules REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('campaign_id');
CREATE TRIGGER campaign_targeting_rules_truncated BEFORE TRUNCATE ON public.campaign_targeting_rules FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('campaign_id');
CREATE TRIGGER campaign_targeting_rules_updated AFTER UPDATE ON public.campaign_targeting_rules REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('campaign_id');
CREATE TRIGGER rules_delete_audited AFTER DELETE ON public.campaign_targeting_rules REFERENCING OLD TABLE AS rows_before FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_rows();
CREATE TRIGGER rules_insert_audited AFTER INSERT ON public.campaign_targeting_rules REFERENCING NEW TABLE AS rows_after FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_rows();
CREATE TRIGGER rules_truncate_audited BEFORE TRUNCATE ON public.campaign_targeting_rules FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_truncation();
CREATE TRIGGER rules_update_audited AFTER UPDATE ON public.campaign_targeting_rules REFERENCING OLD TABLE AS rows_before NEW TABLE AS rows_after FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_rows();

CREATE TABLE campaigns (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  name character varying(255) NOT NULL,
  advertiser_id uuid NOT NULL,
  seat character varying(255) NOT NULL,
  status character varying(20) DEFAULT 'active'::character varying NOT NULL,
  bid_model character varying(3) DEFAULT 'cpm'::character varying NOT NULL,
  bid_amount_micros bigint NOT NULL,
  daily_budget_nanos nanos NOT NULL,
  lifetime_budget_nanos nanos,
  spent_today_nanos nanos DEFAULT 0 NOT NULL,
  lifetime_spent_nanos nanos DEFAULT 0 NOT NULL,
  pacing character varying(4) DEFAULT 'even'::character varying NOT NULL,
  budget_mode character varying(8) DEFAULT 'strict'::character varying NOT NULL,
  starts_at timestamp with time zone NOT NULL,
  ends_at timestamp with time zone,
  timezone character varying(64) DEFAULT 'UTC'::character varying NOT NULL,
  dayparts jsonb DEFAULT '[]'::jsonb NOT NULL,
  frequency_caps jsonb DEFAULT '[]'::jsonb NOT NULL,
  deals text[] DEFAULT '{}'::text[] NOT NULL,
  deals_only boolean DEFAULT false NOT NULL,
  currency character(3) DEFAULT 'USD'::bpchar NOT NULL,
  version bigint NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT campaigns_pkey PRIMARY KEY (id),
  CONSTRAINT campaigns_bid_amount_micros_check CHECK (((bid_amount_micros >= 1) AND (bid_amount_micros <= '9007199254740991'::bigint))),
  CONSTRAINT campaigns_bid_model_check CHECK (((bid_model)::text = ANY ((ARRAY['cpm'::character varying, 'cpc'::character varying, 'cpa'::character varying])::text[]))),
  CONSTRAINT campaigns_budget_mode_check CHECK (((budget_mode)::text = ANY ((ARRAY['strict'::character varying, 'expected'::character varying])::text[]))),
  CONSTRAINT campaigns_check CHECK ((ends_at > starts_at)),
  CONSTRAINT campaigns_created_at CHECK (((created_at >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (created_at <= '2200-01-01 00:00:00+00'::timestamp with time zone))),
  CONSTRAINT campaigns_currency_check CHECK ((currency = 'USD'::bpchar)),
  CONSTRAINT campaigns_daily_budget_nanos_check CHECK (((daily_budget_nanos)::bigint > 0)),
  CONSTRAINT campaigns_dayparts_check CHECK ((jsonb_typeof(dayparts) = 'array'::text)),
  CONSTRAINT campaigns_frequency_caps_check CHECK ((jsonb_typeof(frequency_caps) = 'array'::text)),
  CONSTRAINT campaigns_lifetime_budget_nanos_check CHECK (((lifetime_budget_nanos)::bigint > 0)),
  CONSTRAINT campaigns_pacing_check CHECK (((pacing)::text = ANY ((ARRAY['even'::character varying, 'asap'::character varying])::text[]))),
  CONSTRAINT campaigns_status_check CHECK (((status)::text = ANY ((ARRAY['active'::character varying, 'paused'::character varying, 'ended'::character varying])::text[]))),
  CONSTRAINT campaigns_version_check CHECK ((version > 0))
);
CREATE INDEX campaigns_in_order ON public.campaigns USING btree (created_at, id);
CREATE INDEX idx_campaigns_advertiser ON public.campaigns USING btree (advertiser_id);
CREATE INDEX idx_campaigns_status ON public.campaigns USING btree (status, id);
CREATE TRIGGER campaigns_delete_audited AFTER DELETE ON public.campaigns REFERENCING OLD TABLE AS rows_before FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_rows();
CREATE TRIGGER campaigns_deleted AFTER DELETE ON public.campaigns REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('id');
CREATE TRIGGER campaigns_insert_audited AFTER INSERT ON public.campaigns REFERENCING NEW TABLE AS rows_after FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_rows();
CREATE TRIGGER campaigns_inserted AFTER INSERT ON public.campaigns REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('id');
CREATE TRIGGER campaigns_truncate_audited BEFORE TRUNCATE ON public.campaigns FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_truncation();
CREATE TRIGGER campaigns_truncated BEFORE TRUNCATE ON public.campaigns FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('id');
CREATE TRIGGER campaigns_update_audited AFTER UPDATE ON public.campaigns REFERENCING OLD TABLE AS rows_before NEW TABLE AS rows_after FOR EACH STATEMENT EXECUTE FUNCTION audit_campaign_rows();
CREATE TRIGGER campaigns_updated AFTER UPDATE ON public.campaigns REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION note_campaign_change('id');
COMMENT ON COLUMN campaigns.spent_today_nanos IS 'Always 0 so far: the ledger keeps what was spent, in its journal, and decides by that alone. Meant for reports: a copy of what was posted on the present day.';
COMMENT ON COLUMN campaigns.lifetime_spent_nanos IS 'Always 0 so far: the ledger keeps what was spent, in its journal, and decides by that alone. Meant for reports: a copy of all that was posted.';

CREATE TABLE changed_campaigns (
  id uuid NOT NULL,
  version bigint NOT NULL,
  CONSTRAINT changed_campaigns_pkey PRIMARY KEY (id)
);
CREATE INDEX idx_changed_campaigns_version ON public.changed_campaigns USING btree (version);

CREATE TABLE consumed_offsets (
  source text NOT NULL,
  partition integer NOT NULL,
  next_offset bigint NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT consumed_offsets_pkey PRIMARY KEY (source, partition),
  CONSTRAINT consumed_offsets_next_offset_check CHECK ((next_offset >= 0))
);

CREATE TABLE daily_metrics (
  campaign_id uuid NOT NULL,
  date date NOT NULL,
  impressions bigint DEFAULT 0 NOT NULL,
  clicks bigint DEFAULT 0 NOT NULL,
  conversions bigint DEFAULT 0 NOT NULL,
  bids bigint DEFAULT 0 NOT NULL,
  wins bigint DEFAULT 0 NOT NULL,
  billings bigint DEFAULT 0 NOT NULL,
  losses bigint DEFAULT 0 NOT NULL,
  spend_nanos nanos DEFAULT 0 NOT NULL,
  media_cost_nanos nanos DEFAULT 0 NOT NULL,
  value_micros nanos DEFAULT 0 NOT NULL,
  spend numeric GENERATED ALWAYS AS (round(((spend_nanos)::numeric / (1000000000)::numeric), 9)) STORED,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT daily_metrics_pkey PRIMARY KEY (campaign_id, date),
  CONSTRAINT daily_metrics_bids_check CHECK ((bids <= '9007199254740991'::bigint))
);
CREATE INDEX idx_metrics_date ON public.daily_metrics USING btree (date);

CREATE TABLE dead_letters (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  source text NOT NULL,
  partition integer NOT NULL,
  message_offset bigint NOT NULL,
  value bytea NOT NULL,
  reason text NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT dead_letters_pkey PRIMARY KEY (id)
);

CREATE TABLE events_log (
  event_id text COLLATE "C" NOT NULL,
  event_type text NOT NULL,
  campaign_id text COLLATE "C",
  ad_id text COLLATE "C" NOT NULL,
  known boolean NOT NULL,
  signed boolean NOT NULL,
  user_id text,
  placement_id text,
  country text,
  device_type text,
  bid_micros bigint,
  spend_nanos nanos NOT NULL,
  media_cost_nanos nanos NOT NULL,
  value_micros bigint,
  loss_reason bigint,
  trace_id text NOT NULL,
  "timestamp" timestamp with time zone NOT NULL,
  stated_at timestamp with time zone,
  received_at timestamp with time zone NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  rated boolean DEFAULT false NOT NULL,
  CONSTRAINT events_log_event_type_check CHECK ((event_type = ANY (ARRAY['impression'::text, 'click'::text, 'conversion'::text, 'win'::text, 'billing'::text, 'loss'::text])))
) PARTITION BY RANGE ("timestamp");
CREATE INDEX idx_events_ad ON ONLY public.events_log USING btree (ad_id, "timestamp");
CREATE INDEX idx_events_campaign ON ONLY public.events_log USING btree (campaign_id, "timestamp");

CREATE TABLE idempotent_answers (
  actor text NOT NULL,
  key character varying(255) NOT NULL,
  fingerprint text NOT NULL,
  answer json,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT idempotent_answers_pkey PRIMARY KEY (actor, key)
);
CREATE INDEX idempotent_answers_by_age ON public.idempotent_answers USING btree (created_at);

CREATE TABLE lifetime_showings (
  campaign_id uuid NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  bid text COLLATE "C" NOT NULL,
  CONSTRAINT lifetime_showings_pkey PRIMARY KEY (campaign_id, user_id, bid),
  CONSTRAINT lifetime_showings_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaigns(id) ON DELETE CASCADE
);

CREATE TABLE management_keys (
  id uuid DEFAULT gen_random_uuid() NOT NULL,
  name character varying(255) NOT NULL,
  role character varying(6) NOT NULL,
  advertiser_id uuid,
  key_hash bytea NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  revoked_at timestamp with time zone,
  CONSTRAINT management_keys_key_hash_key UNIQUE (key_hash),
  CONSTRAINT management_keys_name_key UNIQUE (name),
  CONSTRAINT management_keys_pkey PRIMARY KEY (id),
  CONSTRAINT management_keys_key_hash_check CHECK ((octet_length(key_hash) = 32)),
  CONSTRAINT management_keys_role_check CHECK (((role)::text = ANY ((ARRAY['read'::character varying, 'manage'::character varying])::text[])))
);

CREATE TABLE no_bids_minute (
  bucket_start timestamp with time zone NOT NULL,
  nbr bigint NOT NULL,
  no_bids bigint NOT NULL,
  CONSTRAINT no_bids_minute_pkey PRIMARY KEY (bucket_start, nbr),
  CONSTRAINT no_bids_minute_no_bids_check CHECK ((no_bids <= '9007199254740991'::bigint))
) PARTITION BY RANGE (bucket_start);

CREATE TABLE processed_events (
  event_id text COLLATE "C" NOT NULL,
  day date NOT NULL,
  CONSTRAINT processed_events_pkey PRIMARY KEY (event_id, day)
) PARTITION BY RANGE (day);

CREATE TABLE relay_positions (
  name text NOT NULL,
  version bigint NOT NULL,
  campaign_id uuid NOT NULL,
  standing_after uuid NOT NULL,
  CONSTRAINT relay_positions_pkey PRIMARY KEY (name)
);

CREATE TABLE schema_migrations (
  version bigint NOT NULL,
  name text,
  md5 text,
  run_at timestamp with time zone,
  CONSTRAINT schema_migrations_pkey PRIMARY KEY (version)
);

CREATE TABLE secrets (
  name text NOT NULL,
  number integer NOT NULL,
  value bytea NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT secrets_pkey PRIMARY KEY (name, number),
  CONSTRAINT secrets_name_check CHECK ((name = ANY (ARRAY['signing_key'::text, 'user_salt'::text]))),
  CONSTRAINT secrets_number_check CHECK ((number > 0)),
  CONSTRAINT secrets_value_check CHECK ((octet_length(value) >= 16))
);

CREATE TABLE seen_days (
  day date NOT NULL,
  closed_at timestamp with time zone,
  CONSTRAINT seen_days_pkey PRIMARY KEY (day)
);
CREATE UNIQUE INDEX one_open_seen_day ON public.seen_days USING btree ((true)) WHERE (closed_at IS NULL);

CREATE VIEW impressions AS
 SELECT (ad_id)::ad_reference AS ad_id,
    "timestamp" AS created_at
   FROM events_log
  WHERE (event_type = 'impression'::text);
