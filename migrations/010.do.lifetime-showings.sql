-- Who was shown campaigns with a lifetime cap, a row a bid: what events_log told of it before its day was dropped. With
-- the days that are kept it says all, until the campaign ends.
CREATE TABLE lifetime_showings (
  campaign_id uuid NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
  -- As events_log has it: the salted hash.
  user_id     text COLLATE "C" NOT NULL,
  -- What the ids of the bid's events end in.
  bid         text COLLATE "C" NOT NULL,
  PRIMARY KEY (campaign_id, user_id, bid)
);
