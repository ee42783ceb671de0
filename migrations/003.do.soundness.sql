-- The index and the size of a bid have 16 bits for a side of an ad, and a banner without a size has no place to be
-- drawn in. Rows that are there already are not looked at: the program leaves their campaigns out and says so.
ALTER TABLE ads ADD CONSTRAINT ads_banner_size CHECK (
  type <> 'banner'
  OR coalesce(width BETWEEN 1 AND 65535 AND height BETWEEN 1 AND 65535, false)
) NOT VALID;

COMMENT ON COLUMN campaigns.spent_today_nanos IS
  'Always 0 so far: the ledger keeps what was spent, in its journal, and decides by that alone. Meant for reports: a '
  'copy of what was posted on the present day.';
COMMENT ON COLUMN campaigns.lifetime_spent_nanos IS
  'Always 0 so far: the ledger keeps what was spent, in its journal, and decides by that alone. Meant for reports: a '
  'copy of all that was posted.';
