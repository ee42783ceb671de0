-- What happened: a row an event, sums by minute and by day, and what makes each event count once. Days are days of UTC.
-- Tables that are partitioned have a partition a day, which the program makes ahead (or when a row needs it) and drops
-- behind the retention; a partition is named after its table and its day: events_log_20261121.

-- Every event of an ad. Its id is unique by way of processed_events.
CREATE TABLE events_log (
  event_id         text COLLATE "C" NOT NULL,
  event_type       text NOT NULL CHECK (event_type IN ('impression', 'click', 'conversion', 'win', 'billing', 'loss')),
  -- As it was told: an ad that is not known has any campaign, or NULL.
  campaign_id      text COLLATE "C",
  ad_id            text COLLATE "C" NOT NULL,
  -- The ad was one that a campaign had.
  known            boolean NOT NULL,
  -- It came with a sound token, or was ours.
  signed           boolean NOT NULL,
  user_id          text,
  placement_id     text,
  country          text,
  device_type      text,
  -- CPM, in micros of a USD.
  bid_micros       bigint,
  spend_nanos      nanos NOT NULL,
  -- What the exchange charges for it where the campaign pays for clicks or conversions.
  media_cost_nanos nanos NOT NULL,
  -- What a conversion was worth, in micros of a USD.
  value_micros     bigint,
  loss_reason      bigint,
  trace_id         text NOT NULL,
  -- When it counts: as its sender says (stated_at) while that day is kept, else when it came.
  "timestamp"      timestamptz NOT NULL,
  -- NULL where it is the same.
  stated_at        timestamptz,
  received_at      timestamptz NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE ("timestamp");

CREATE INDEX idx_events_ad ON events_log (ad_id, "timestamp");
CREATE INDEX idx_events_campaign ON events_log (campaign_id, "timestamp");

-- Which ids have counted. All consumers write to the one day that is open (seen_days), so that its primary key keeps
-- them apart; it is closed when none of them is at work, and from then on only read.
CREATE TABLE processed_events (
  event_id text COLLATE "C" NOT NULL,
  day      date NOT NULL,
  PRIMARY KEY (event_id, day)
) PARTITION BY RANGE (day);

CREATE TABLE seen_days (
  day       date PRIMARY KEY,
  -- NULL: open. The ids of a day are kept for so long after it was closed.
  closed_at timestamptz
);

CREATE UNIQUE INDEX one_open_seen_day ON seen_days ((true)) WHERE closed_at IS NULL;

-- Sums of events_log by ad and minute.
CREATE TABLE ad_stats_minute (
  bucket_start     timestamptz NOT NULL,
  -- Of ads that are not known a minute has a bounded number; what is above counts as 'overflow'.
  ad_id            text COLLATE "C" NOT NULL,
  known            boolean NOT NULL,
  impressions      bigint NOT NULL DEFAULT 0,
  clicks           bigint NOT NULL DEFAULT 0,
  conversions      bigint NOT NULL DEFAULT 0,
  wins             bigint NOT NULL DEFAULT 0,
  billings         bigint NOT NULL DEFAULT 0,
  losses           bigint NOT NULL DEFAULT 0,
  spend_nanos      nanos NOT NULL DEFAULT 0,
  media_cost_nanos nanos NOT NULL DEFAULT 0,
  value_micros     nanos NOT NULL DEFAULT 0,
  PRIMARY KEY (bucket_start, ad_id)
) PARTITION BY RANGE (bucket_start);

CREATE INDEX idx_ad_stats_ad ON ad_stats_minute (ad_id, bucket_start);
CREATE INDEX idx_ad_stats_unknown ON ad_stats_minute (bucket_start) WHERE NOT known;

-- Sums of ad_stats_minute by ad and day: of ads that are known for good, of others as long as the minutes are kept.
CREATE TABLE ad_stats_day (
  ad_id            text COLLATE "C" NOT NULL,
  date             date NOT NULL,
  known            boolean NOT NULL,
  impressions      bigint NOT NULL DEFAULT 0,
  clicks           bigint NOT NULL DEFAULT 0,
  conversions      bigint NOT NULL DEFAULT 0,
  wins             bigint NOT NULL DEFAULT 0,
  billings         bigint NOT NULL DEFAULT 0,
  losses           bigint NOT NULL DEFAULT 0,
  spend_nanos      nanos NOT NULL DEFAULT 0,
  media_cost_nanos nanos NOT NULL DEFAULT 0,
  value_micros     nanos NOT NULL DEFAULT 0,
  PRIMARY KEY (ad_id, date)
);

CREATE INDEX idx_ad_days_unknown ON ad_stats_day (date) WHERE NOT known;

-- Bids and no-bids are a hundred times as many as all else: they are only counted.
CREATE TABLE bids_minute (
  bucket_start timestamptz NOT NULL,
  campaign_id  uuid NOT NULL,
  bids         bigint NOT NULL CHECK (bids <= 9007199254740991),
  PRIMARY KEY (bucket_start, campaign_id)
) PARTITION BY RANGE (bucket_start);

CREATE TABLE no_bids_minute (
  bucket_start timestamptz NOT NULL,
  -- OpenRTB's no-bid reason, or one of ours.
  nbr          bigint NOT NULL,
  no_bids      bigint NOT NULL CHECK (no_bids <= 9007199254740991),
  PRIMARY KEY (bucket_start, nbr)
) PARTITION BY RANGE (bucket_start);

-- Sums by campaign and day, for good. No foreign key: what a campaign spent outlives its row.
CREATE TABLE daily_metrics (
  campaign_id      uuid NOT NULL,
  date             date NOT NULL,
  impressions      bigint NOT NULL DEFAULT 0,
  clicks           bigint NOT NULL DEFAULT 0,
  conversions      bigint NOT NULL DEFAULT 0,
  bids             bigint NOT NULL DEFAULT 0 CHECK (bids <= 9007199254740991),
  wins             bigint NOT NULL DEFAULT 0,
  billings         bigint NOT NULL DEFAULT 0,
  losses           bigint NOT NULL DEFAULT 0,
  spend_nanos      nanos NOT NULL DEFAULT 0,
  media_cost_nanos nanos NOT NULL DEFAULT 0,
  value_micros     nanos NOT NULL DEFAULT 0,
  -- In USD, for people.
  spend            numeric GENERATED ALWAYS AS (round(spend_nanos / 1000000000::numeric, 9)) STORED,
  created_at       timestamptz NOT NULL DEFAULT now(),
  updated_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (campaign_id, date)
);

CREATE INDEX idx_metrics_date ON daily_metrics (date);

-- Where each source (a topic of Kafka, or a spool with partition 0) goes on, written with what was made of it.
CREATE TABLE consumed_offsets (
  source      text NOT NULL,
  partition   integer NOT NULL,
  next_offset bigint NOT NULL CHECK (next_offset >= 0),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (source, partition)
);

-- Messages that can't be read or counted, as they came, until someone replays or drops them.
CREATE TABLE dead_letters (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source         text NOT NULL,
  partition      integer NOT NULL,
  message_offset bigint NOT NULL,
  value          bytea NOT NULL,
  reason         text NOT NULL,
  created_at     timestamptz NOT NULL DEFAULT now()
);

-- An ad's id is a text, and many are written as numbers: ad_id = 1 asks for '1'.
CREATE DOMAIN ad_reference AS text;
CREATE FUNCTION is_numbered(ad ad_reference, number bigint) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT ad::text = number::text $$;
CREATE OPERATOR = (LEFTARG = ad_reference, RIGHTARG = bigint, FUNCTION = is_numbered);

CREATE VIEW impressions AS
  SELECT ad_id::ad_reference AS ad_id, "timestamp" AS created_at FROM events_log WHERE event_type = 'impression';
