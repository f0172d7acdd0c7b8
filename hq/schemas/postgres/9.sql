-- From version 8 to version 9: deletions are forgotten in time; by what past sales are found, and what goods cost.

-- The version of the reference when each day was first seen, UTC days since
-- 1970-01-01.
CREATE TABLE reference_day (
    day     BIGINT PRIMARY KEY,
    version BIGINT NOT NULL
);
-- Deleted rows up to this version are gone: a lane that is before it begins anew.
INSERT INTO counter VALUES ('deletions_forgotten', 0);
CREATE INDEX entity_deleted ON entity (version) WHERE body IS NULL;

-- By what a sale is found again: 'member/ID' of who bought, 'card/1234' of the
-- card that paid.
CREATE TABLE sale_key (
    store         TEXT COLLATE "C" NOT NULL,
    lane          BIGINT NOT NULL,
    epoch         BIGINT NOT NULL,
    seq           BIGINT NOT NULL,
    key           TEXT COLLATE "C" NOT NULL,
    business_date TEXT COLLATE "C" NOT NULL,
    at_ms         BIGINT NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq, key),
    FOREIGN KEY (store, lane, epoch, seq) REFERENCES sale
);
CREATE INDEX sale_key_key ON sale_key (key, business_date);

-- What was sold before is found once hq rebuild was run: to read ninety days of a chain would keep HQ from starting.

-- What a base unit of goods costs from an instant on, without tax.
CREATE TABLE item_cost (
    sku     TEXT COLLATE "C" NOT NULL,
    from_ms BIGINT NOT NULL,
    cost    BIGINT,            -- minor units; NULL: not known any more
    PRIMARY KEY (sku, from_ms)
);
