-- Campaigns whose budget has a book in Redis, or had one. One that has none there now is either new, or Redis lost it: then
-- servers may hold budget of it, and must tell before more is given out.
CREATE TABLE budget_books (
  campaign_id uuid PRIMARY KEY,
  opened_at   timestamptz NOT NULL DEFAULT now()
);
