CREATE TABLE state (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    version         INTEGER NOT NULL DEFAULT 0,
    store           TEXT,
    lane            INTEGER,
    epoch           INTEGER,
    acknowledged    INTEGER NOT NULL DEFAULT 0,
    quarantined     INTEGER NOT NULL DEFAULT 0,
    contact_ms      INTEGER,
    alarm           TEXT
) STRICT;
INSERT INTO state (one) VALUES (1);
CREATE TABLE store (code TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE category (id TEXT PRIMARY KEY, position INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE staff (id TEXT PRIMARY KEY, number TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE product (
    id       INTEGER PRIMARY KEY,
    sku      TEXT NOT NULL UNIQUE,
    plu      TEXT NOT NULL,
    category TEXT NOT NULL,
    pin      INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT;
CREATE INDEX product_by_plu ON product (plu) WHERE plu <> '';
CREATE INDEX product_by_category ON product (category, sku);
CREATE INDEX product_by_pin ON product (pin) WHERE pin > 0;
CREATE TABLE code (
    gtin TEXT NOT NULL,
    sku  TEXT NOT NULL,
    PRIMARY KEY (gtin, sku)
) STRICT, WITHOUT ROWID;
CREATE INDEX code_by_sku ON code (sku);
CREATE TABLE promotion (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE promotion_item (
    sku       TEXT NOT NULL,
    promotion TEXT NOT NULL,
    PRIMARY KEY (sku, promotion)
) STRICT, WITHOUT ROWID;
CREATE INDEX promotion_item_by_promotion ON promotion_item (promotion);
CREATE VIRTUAL TABLE product_word USING fts5 (
    words, content='', contentless_delete=1, detail=none, prefix='1 2'
);
