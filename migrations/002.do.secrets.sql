-- What all nodes must know and no one else: the keys that sign tokens (the highest number signs, the others still
-- verify) and the salt under which users are hashed.
CREATE TABLE secrets (
  name       text NOT NULL CHECK (name IN ('signing_key', 'user_salt')),
  number     integer NOT NULL CHECK (number > 0),
  value      bytea NOT NULL CHECK (octet_length(value) >= 16),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (name, number)
);
