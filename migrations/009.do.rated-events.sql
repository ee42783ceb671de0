-- The events that move prices: an impression that could be clicked on with a token, and what came of it. Anyone may post
-- the others.
ALTER TABLE events_log ADD COLUMN rated boolean NOT NULL DEFAULT false;
UPDATE events_log SET rated = true WHERE signed;

ALTER TABLE ad_stats_day
  ADD COLUMN rated_impressions bigint NOT NULL DEFAULT 0,
  ADD COLUMN rated_clicks      bigint NOT NULL DEFAULT 0,
  ADD COLUMN rated_conversions bigint NOT NULL DEFAULT 0;

UPDATE ad_stats_day AS kept
   SET rated_impressions = counted.impressions,
       rated_clicks = counted.clicks,
       rated_conversions = counted.conversions
  FROM (
    SELECT ad_id, ("timestamp" AT TIME ZONE 'UTC')::date AS date,
           count(*) FILTER (WHERE event_type = 'impression') AS impressions,
           count(*) FILTER (WHERE event_type = 'click') AS clicks,
           count(*) FILTER (WHERE event_type = 'conversion') AS conversions
      FROM events_log WHERE rated GROUP BY 1, 2
  ) AS counted
 WHERE kept.ad_id = counted.ad_id AND kept.date = counted.date;

-- The last days of all ads of ours, once a minute.
CREATE INDEX idx_ad_days_known ON ad_stats_day (date) WHERE known;
