-- From version 3 to version 4: people with passwords, keys with scopes, the
-- audit trail, answers to changes, price batches; what sellers earn.
-- Somebody who has signed in.
CREATE TABLE session (
    token_hash BYTEA PRIMARY KEY,
    person     TEXT COLLATE "C" NOT NULL,
    made_at_ms BIGINT NOT NULL,
    until_ms   BIGINT NOT NULL
);
CREATE INDEX session_person ON session (person, made_at_ms);

-- Keys of programs.
CREATE TABLE api_key (
    id            TEXT COLLATE "C" PRIMARY KEY,
    name          TEXT COLLATE "C" NOT NULL,
    scopes        TEXT COLLATE "C" NOT NULL,        -- names with a space between
    key_hash      BYTEA NOT NULL,
    made_by       TEXT COLLATE "C" NOT NULL,
    made_at_ms    BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    revoked_at_ms BIGINT               -- NULL while it is good
);
CREATE UNIQUE INDEX api_key_hash ON api_key (key_hash);

-- Every administrative act: who, when, what, from where. Never changed.
CREATE TABLE audit (
    at_ms   BIGINT NOT NULL,
    id      TEXT COLLATE "C" NOT NULL,              -- drawn: two acts of one moment differ
    who     TEXT COLLATE "C" NOT NULL,
    origin  TEXT COLLATE "C" NOT NULL,
    act     TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    detail  TEXT COLLATE "C" NOT NULL,              -- JSON
    PRIMARY KEY (at_ms, id)
);
CREATE FUNCTION audit_is_not_changed() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit trail is never changed'; END $$;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION audit_is_not_changed();
CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_not_changed();

-- What was answered to changes, by the keys that their callers drew.
CREATE TABLE replay (
    caller    TEXT COLLATE "C" NOT NULL,
    key       TEXT COLLATE "C" NOT NULL,
    body_hash BYTEA NOT NULL,            -- of method, route and body
    at_ms     BIGINT NOT NULL,
    body      TEXT COLLATE "C",                     -- NULL where it is told once
    PRIMARY KEY (caller, key)
);
CREATE INDEX replay_at ON replay (at_ms);

-- Prices and promotions that change at one instant.
CREATE TABLE price_batch (
    id       TEXT COLLATE "C" PRIMARY KEY,
    at_ms    BIGINT NOT NULL,
    state    TEXT COLLATE "C" NOT NULL,             -- armed, cancelled
    version  BIGINT NOT NULL,          -- of the reference that has it
    body     TEXT COLLATE "C" NOT NULL              -- JSON
);

-- A person's key of before goes on as a key of a program, for a year.
INSERT INTO api_key (id, name, scopes, key_hash, made_by, made_at_ms, expires_at_ms, revoked_at_ms)
SELECT 'old-' || substr(encode(key_hash, 'hex'), 1, 12), name,
    CASE role WHEN 'operator' THEN 'goods:read goods:write stock:read sales:read watch:read'
              ELSE 'sales:read watch:read' END,
    key_hash, 'upgrade', added_at_ms,
    CAST(extract(epoch FROM now()) AS BIGINT) * 1000 + 31536000000, NULL
FROM person;
ALTER TABLE person DROP COLUMN key_hash;
ALTER TABLE person ADD COLUMN password_hash TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE person ADD COLUMN wrong_passwords BIGINT NOT NULL DEFAULT 0;
ALTER TABLE person ADD COLUMN locked_until_ms BIGINT NOT NULL DEFAULT 0;
UPDATE person SET role = 'read_only' WHERE role <> 'operator';

-- The rules of commissions, as they were imported.
CREATE TABLE commission_rule (
    id   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    body TEXT COLLATE "C" NOT NULL  -- JSON
);

-- One row for each line that somebody is credited for, below nothing for what
-- came back. A seller's balance is the sum of their rows.
CREATE TABLE commission (
    store         TEXT COLLATE "C" NOT NULL,
    lane          BIGINT NOT NULL,
    epoch         BIGINT NOT NULL,
    seq           BIGINT NOT NULL,
    position      BIGINT NOT NULL,
    seller        TEXT COLLATE "C" NOT NULL,
    business_date TEXT COLLATE "C" NOT NULL,
    currency      TEXT COLLATE "C" NOT NULL,
    sku           TEXT COLLATE "C" NOT NULL,
    net           BIGINT NOT NULL,
    rule          TEXT COLLATE "C" NOT NULL,  -- empty where none held
    amount        BIGINT NOT NULL,
    of_document   TEXT COLLATE "C" NOT NULL,  -- the sale that earned it
    of_line       BIGINT NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq, position)
);

CREATE INDEX commission_by_seller ON commission (seller, business_date);
CREATE INDEX commission_by_document ON commission (of_document, of_line);
