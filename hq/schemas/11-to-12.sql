-- From version 11 to version 12: deletions are forgotten in time; by what past sales are found, and what goods cost.

-- The version of the reference when each day was first seen, UTC days since
-- 1970-01-01.
CREATE TABLE reference_day (
    day     INTEGER PRIMARY KEY,
    version INTEGER NOT NULL
) STRICT;
-- Deleted rows up to this version are gone: a lane that is before it begins anew.
INSERT INTO counter VALUES ('deletions_forgotten', 0);
CREATE INDEX entity_deleted ON entity (version) WHERE body IS NULL;

-- By what a sale is found again: 'member/ID' of who bought, 'card/1234' of the
-- card that paid.
CREATE TABLE sale_key (
    store         TEXT NOT NULL,
    lane          INTEGER NOT NULL,
    epoch         INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    key           TEXT NOT NULL,
    business_date TEXT NOT NULL,
    at_ms         INTEGER NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq, key),
    FOREIGN KEY (store, lane, epoch, seq) REFERENCES sale
) STRICT, WITHOUT ROWID;
CREATE INDEX sale_key_key ON sale_key (key, business_date);

-- What was filed lately is found too; nobody looks for older sales, and hq rebuild adds them.
INSERT INTO sale_key
    SELECT store, lane, epoch, seq, 'member/' || member, business_date, at_ms FROM (
        SELECT s.store, s.lane, s.epoch, s.seq, s.business_date, s.at_ms,
            CASE WHEN json_valid(CAST(e.bytes AS TEXT)) THEN CAST(e.bytes AS TEXT) ->> '$.data.sale.buyer.member' END
                AS member
        FROM sale s JOIN event e ON e.store = s.store AND e.lane = s.lane AND e.epoch = s.epoch AND e.seq = s.seq
        WHERE s.business_date >= date('now', '-90 days'))
    WHERE member IS NOT NULL;

-- What a base unit of goods costs from an instant on, without tax.
CREATE TABLE item_cost (
    sku     TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    cost    INTEGER,            -- minor units; NULL: not known any more
    PRIMARY KEY (sku, from_ms)
) STRICT, WITHOUT ROWID;
