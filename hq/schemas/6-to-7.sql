-- From version 6 to version 7: people with passwords, keys with scopes, the
-- audit trail, answers to changes, price batches; what sellers earn.
-- Somebody who has signed in.
CREATE TABLE session (
    token_hash BLOB PRIMARY KEY,
    person     TEXT NOT NULL,
    made_at_ms INTEGER NOT NULL,
    until_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_person ON session (person, made_at_ms);

-- Keys of programs.
CREATE TABLE api_key (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    scopes        TEXT NOT NULL,        -- names with a space between
    key_hash      BLOB NOT NULL,
    made_by       TEXT NOT NULL,
    made_at_ms    INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    revoked_at_ms INTEGER               -- NULL while it is good
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX api_key_hash ON api_key (key_hash);

-- Every administrative act: who, when, what, from where. Never changed.
CREATE TABLE audit (
    at_ms   INTEGER NOT NULL,
    id      TEXT NOT NULL,              -- drawn: two acts of one moment differ
    who     TEXT NOT NULL,
    origin  TEXT NOT NULL,
    act     TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL,              -- JSON
    PRIMARY KEY (at_ms, id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END;

-- What was answered to changes, by the keys that their callers drew.
CREATE TABLE replay (
    caller    TEXT NOT NULL,
    key       TEXT NOT NULL,
    body_hash BLOB NOT NULL,            -- of method, route and body
    at_ms     INTEGER NOT NULL,
    body      TEXT,                     -- NULL where it is told once
    PRIMARY KEY (caller, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX replay_at ON replay (at_ms);

-- Prices and promotions that change at one instant.
CREATE TABLE price_batch (
    id       TEXT PRIMARY KEY,
    at_ms    INTEGER NOT NULL,
    state    TEXT NOT NULL,             -- armed, cancelled
    version  INTEGER NOT NULL,          -- of the reference that has it
    body     TEXT NOT NULL              -- JSON
) STRICT, WITHOUT ROWID;

-- A person's key of before goes on as a key of a program, for a year.
INSERT INTO api_key (id, name, scopes, key_hash, made_by, made_at_ms, expires_at_ms, revoked_at_ms)
SELECT 'old-' || lower(substr(hex(key_hash), 1, 12)), name,
    CASE role WHEN 'operator' THEN 'goods:read goods:write stock:read sales:read watch:read'
              ELSE 'sales:read watch:read' END,
    key_hash, 'upgrade', added_at_ms,
    CAST(strftime('%s', 'now') AS INTEGER) * 1000 + 31536000000, NULL
FROM person;
ALTER TABLE person RENAME TO person_before;
-- Who signs in with a password.
CREATE TABLE person (
    name            TEXT PRIMARY KEY,
    role            TEXT NOT NULL,
    password_hash   TEXT NOT NULL,      -- Argon2id, PHC string form; empty before there is one
    added_at_ms     INTEGER NOT NULL,
    wrong_passwords INTEGER NOT NULL,   -- since the last right one
    locked_until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO person (name, role, password_hash, added_at_ms, wrong_passwords, locked_until_ms)
SELECT name, CASE role WHEN 'operator' THEN 'operator' ELSE 'read_only' END, '', added_at_ms, 0, 0
FROM person_before;
DROP TABLE person_before;

-- The rules of commissions, as they were imported.
CREATE TABLE commission_rule (
    id   TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL  -- JSON
) STRICT, WITHOUT ROWID;

-- One row for each line that somebody is credited for, below nothing for what
-- came back. A seller's balance is the sum of their rows.
CREATE TABLE commission (
    store         TEXT NOT NULL,
    lane          INTEGER NOT NULL,
    epoch         INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    position      INTEGER NOT NULL,
    seller        TEXT NOT NULL,
    business_date TEXT NOT NULL,
    currency      TEXT NOT NULL,
    sku           TEXT NOT NULL,
    net           INTEGER NOT NULL,
    rule          TEXT NOT NULL,  -- empty where none held
    amount        INTEGER NOT NULL,
    of_document   TEXT NOT NULL,  -- the sale that earned it
    of_line       INTEGER NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX commission_by_seller ON commission (seller, business_date);
CREATE INDEX commission_by_document ON commission (of_document, of_line);
