CREATE TABLE compatibility (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    min_reader INTEGER NOT NULL
) STRICT;
INSERT INTO compatibility VALUES (1, 3);
CREATE TABLE state (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    version         INTEGER NOT NULL DEFAULT 0,
    store           TEXT,
    lane            INTEGER,
    epoch           INTEGER,
    acknowledged    INTEGER NOT NULL DEFAULT 0,
    quarantined     INTEGER NOT NULL DEFAULT 0,
    contact_ms      INTEGER,
    alarm           TEXT,
    outdated        INTEGER NOT NULL DEFAULT 0,
    faces           INTEGER NOT NULL DEFAULT 0,
    goods_version   INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO state (one, faces) VALUES (1, 1);
CREATE TABLE store (code TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE category (id TEXT PRIMARY KEY, position INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE staff (id TEXT PRIMARY KEY, number TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE product (
    id         INTEGER PRIMARY KEY,
    sku        TEXT NOT NULL UNIQUE,
    plu        TEXT NOT NULL,
    category   TEXT NOT NULL,
    pin        INTEGER NOT NULL,
    body       TEXT NOT NULL,
    department TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX product_by_plu ON product (plu) WHERE plu <> '';
CREATE INDEX product_by_category ON product (category, sku);
CREATE INDEX product_by_pin ON product (pin) WHERE pin > 0;
CREATE INDEX product_by_department ON product (department) WHERE department <> '';
CREATE TABLE code (
    gtin TEXT NOT NULL,
    sku  TEXT NOT NULL,
    unit TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (gtin, sku)
) STRICT, WITHOUT ROWID;
CREATE INDEX code_by_sku ON code (sku);
CREATE TABLE face (gtin INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE promotion (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE price (
    key     TEXT PRIMARY KEY,
    sku     TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    body    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX price_by_sku ON price (sku, from_ms);
CREATE TABLE tax_class (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE member (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE member_code (
    code   TEXT NOT NULL,
    member TEXT NOT NULL,
    PRIMARY KEY (code, member)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_code_by_member ON member_code (member);
CREATE TABLE coupon (code TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE code_key (key TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE product_word USING fts5 (
    words, content='', contentless_delete=1, detail=none, prefix='1 2 3 4 5 6'
);
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
-- What goods were sold at before a promotion began, as HQ told it: of that
-- depends which price may be struck.
CREATE TABLE deal (
    sku      TEXT NOT NULL,
    unit     TEXT NOT NULL,
    from_ms  INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    lowest   INTEGER,           -- NULL where none was sold in that time
    last     INTEGER,           -- of the last one before; NULL where there was none
    PRIMARY KEY (sku, unit, from_ms, until_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX deal_until ON deal (until_ms);
-- Whether its face would strike a price that nothing shows it may.
ALTER TABLE label_state ADD COLUMN not_struck INTEGER NOT NULL DEFAULT 0;
-- Orders of channels that the store is to hand over, the promised ones first.
CREATE TABLE channel_order (
    id          TEXT PRIMARY KEY,
    promised_ms INTEGER,           -- NULL where no time was promised
    body        TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX channel_order_by_time ON channel_order (coalesce(promised_ms, 9223372036854775807), id);
-- What pieces of goods weigh on bagging scales, as HQ tells it, by item code and unit.
CREATE TABLE weight (key TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- Which picture goods have, by item code; the files lie beside, by their names.
CREATE TABLE picture (
    sku    TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    bytes  INTEGER NOT NULL,
    body   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- The version at which pictures of goods last became others.
ALTER TABLE state ADD COLUMN pictures_version INTEGER NOT NULL DEFAULT 0;
