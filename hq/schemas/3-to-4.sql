-- Each store's rows in order of version, and not all stores' rows in one order.
DROP INDEX entity_version;
CREATE INDEX entity_version ON entity (store, version);

-- What is read out of events beside sales.
CREATE TABLE shift (
    store         TEXT NOT NULL,
    lane          INTEGER NOT NULL,
    epoch         INTEGER NOT NULL,
    shift         INTEGER NOT NULL,
    business_date TEXT NOT NULL,
    opened_seq    INTEGER,         -- NULL where it was opened in an earlier epoch
    opened_at_ms  INTEGER,
    opened_by     TEXT,
    opening_cash  INTEGER,
    closed_seq    INTEGER,         -- NULL while it is open
    closed_at_ms  INTEGER,
    closed_by     TEXT,
    documents     INTEGER,
    expected_cash INTEGER,
    counted_cash  INTEGER,
    PRIMARY KEY (store, lane, epoch, shift)
) STRICT, WITHOUT ROWID;

-- Signed sums of what each lane has moved; a store has the sum of its lanes.
CREATE TABLE stock (
    store    TEXT NOT NULL,
    sku      TEXT NOT NULL,
    lane     INTEGER NOT NULL,
    quantity INTEGER NOT NULL,     -- thousandths of a piece or of a kilogram
    PRIMARY KEY (store, sku, lane)
) STRICT, WITHOUT ROWID;
