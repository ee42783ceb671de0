-- What may be served. Money is integers: prices in micros of a USD (CPM, or per click or conversion), budgets and
-- spend in nanos of a USD, never above 2^53 - 1, which the program's numbers hold exactly.

CREATE DOMAIN nanos AS bigint CHECK (VALUE BETWEEN 0 AND 9007199254740991);

CREATE TABLE campaigns (
  id                    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name                  varchar(255) NOT NULL,
  advertiser_id         uuid NOT NULL,
  seat                  varchar(255) NOT NULL,
  status                varchar(20) NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'ended')),
  bid_model             varchar(3) NOT NULL DEFAULT 'cpm' CHECK (bid_model IN ('cpm', 'cpc', 'cpa')),
  bid_amount_micros     bigint NOT NULL CHECK (bid_amount_micros BETWEEN 1 AND 9007199254740991),
  daily_budget_nanos    nanos NOT NULL CHECK (daily_budget_nanos > 0),
  lifetime_budget_nanos nanos CHECK (lifetime_budget_nanos > 0),
  spent_today_nanos     nanos NOT NULL DEFAULT 0,
  lifetime_spent_nanos  nanos NOT NULL DEFAULT 0,
  pacing                varchar(4) NOT NULL DEFAULT 'even' CHECK (pacing IN ('even', 'asap')),
  budget_mode           varchar(8) NOT NULL DEFAULT 'strict' CHECK (budget_mode IN ('strict', 'expected')),
  starts_at             timestamptz NOT NULL,
  ends_at               timestamptz CHECK (ends_at > starts_at),
  timezone              varchar(64) NOT NULL DEFAULT 'UTC',
  -- [{"days": [1..7], "fromMinute", "toMinute"}]; empty: at all times.
  dayparts              jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(dayparts) = 'array'),
  -- [{"limit", "window"}]
  frequency_caps        jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(frequency_caps) = 'array'),
  deals                 text[] NOT NULL DEFAULT '{}',
  deals_only            boolean NOT NULL DEFAULT false,
  currency              char(3) NOT NULL DEFAULT 'USD' CHECK (currency = 'USD'),
  -- The number of the last change (campaign_changes) that touched the campaign, its targeting or its ads.
  version               bigint NOT NULL CHECK (version > 0),
  created_at            timestamptz NOT NULL DEFAULT now(),
  updated_at            timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX idx_campaigns_advertiser ON campaigns (advertiser_id);
CREATE INDEX idx_campaigns_status ON campaigns (status, id);

-- One row a value. Rows of one campaign with the same rule_number are one rule: they share dimension (rule_type)
-- and operator.
CREATE TABLE campaign_targeting_rules (
  id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  campaign_id  uuid NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
  rule_number  integer NOT NULL CHECK (rule_number >= 0),
  value_number integer NOT NULL CHECK (value_number >= 0),
  rule_type    varchar(50) NOT NULL,
  operator     varchar(7) NOT NULL DEFAULT 'include' CHECK (operator IN ('include', 'exclude')),
  rule_value   varchar(255) NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  UNIQUE (campaign_id, rule_number, value_number)
);

CREATE TABLE ads (
  id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  campaign_id        uuid NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
  -- The place in its campaign: some answers take the first ad that fits.
  ad_number          integer NOT NULL CHECK (ad_number >= 0),
  type               varchar(6) NOT NULL DEFAULT 'banner' CHECK (type IN ('banner', 'video', 'audio', 'native')),
  status             varchar(20) NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'ended')),
  title              varchar(255) NOT NULL,
  description        text,
  image_url          varchar(2048),
  html               text,
  redirect_url       varchar(2048) NOT NULL,
  width              integer CHECK (width > 0),
  height             integer CHECK (height > 0),
  call_to_action     varchar(255),
  icon_url           varchar(2048),
  sponsored_by       varchar(255),
  rating             double precision CHECK (rating BETWEEN 0 AND 5),
  price              varchar(255),
  adomain            text[] NOT NULL DEFAULT '{}',
  -- Codes in the taxonomy cattax (OpenRTB's list: 1 is Content Taxonomy 1.0).
  categories         text[] NOT NULL DEFAULT '{}',
  cattax             integer NOT NULL DEFAULT 1 CHECK (cattax > 0),
  attributes         integer[] NOT NULL DEFAULT '{}',
  bundle             varchar(255),
  -- [{"url", "mimeType", "width", "height", "bitrateKbps"}]
  media              jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(media) = 'array'),
  duration_sec       integer CHECK (duration_sec > 0),
  skippable_after_sec integer CHECK (skippable_after_sec >= 0),
  protocols          integer[] NOT NULL DEFAULT '{}',
  created_at         timestamptz NOT NULL DEFAULT now(),
  UNIQUE (campaign_id, ad_number),
  CHECK (type <> 'banner' OR (width IS NOT NULL AND height IS NOT NULL AND num_nonnulls(image_url, html) > 0))
);

-- One row: the number of the last committed change of campaigns, their targeting or their ads.
CREATE TABLE campaign_changes (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  version  bigint NOT NULL
);

INSERT INTO campaign_changes (version) VALUES (0);

-- Gives the transaction its number. The lock is held until it commits, so the order of commits is the order of
-- numbers: whoever has seen a number has seen all below it. A sequence would let 6 commit before 5.
CREATE FUNCTION raise_campaign_version() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  raised bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(7238002);
  UPDATE campaign_changes SET version = version + 1 RETURNING version INTO raised;
  RETURN raised;
END
$$;
