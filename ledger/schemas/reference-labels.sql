-- What a reference says of shelf labels.
CREATE TABLE label (
    number TEXT PRIMARY KEY,
    at_ms  INTEGER NOT NULL,
    lane   INTEGER NOT NULL,
    epoch  INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    items  INTEGER NOT NULL,
    slot   TEXT NOT NULL,
    body   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE label_item (
    sku   TEXT NOT NULL,
    unit  TEXT NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (sku, unit, label)
) STRICT, WITHOUT ROWID;
CREATE INDEX label_item_by_label ON label_item (label);
CREATE TABLE label_waiver (
    sku     TEXT NOT NULL,
    unit    TEXT NOT NULL,
    at_ms   INTEGER NOT NULL,
    lane    INTEGER NOT NULL,
    epoch   INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    is_done INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (sku, unit)
) STRICT, WITHOUT ROWID;
CREATE TABLE label_state (
    number     TEXT PRIMARY KEY,
    condition  TEXT NOT NULL,
    since_ms   INTEGER NOT NULL,
    battery_mv INTEGER,
    seen_ms    INTEGER,
    body       TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX label_state_by_condition ON label_state (condition, since_ms);
CREATE TABLE shelf_cap (
    sku          TEXT NOT NULL,
    unit         TEXT NOT NULL,
    lane         INTEGER NOT NULL,
    from_ms      INTEGER NOT NULL,
    price        INTEGER,
    member_price INTEGER,
    label        TEXT NOT NULL,
    PRIMARY KEY (sku, unit, lane, from_ms)
) STRICT, WITHOUT ROWID;
CREATE TABLE gateway (host TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE shelf (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    is_kept INTEGER NOT NULL DEFAULT 0,
    epoch   INTEGER NOT NULL DEFAULT 0,
    seq     INTEGER NOT NULL DEFAULT 0,
    body    TEXT NOT NULL DEFAULT '{}'
) STRICT;
INSERT INTO shelf (one) VALUES (1);
