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
