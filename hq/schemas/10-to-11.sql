-- From version 10 to version 11: who bears what promotions take off.
ALTER TABLE promotion_use ADD COLUMN taken_off INTEGER NOT NULL DEFAULT 0;

-- What promotions took off, less what came back, by those who bear it: a row
-- for each lane, business date of the document, promotion and shares.
CREATE TABLE promotion_cost (
    store     TEXT NOT NULL,
    lane      INTEGER NOT NULL,
    day       TEXT NOT NULL,
    promotion TEXT NOT NULL,
    currency  TEXT NOT NULL,
    shares    TEXT NOT NULL,      -- JSON: who, supplier, basis points
    taken_off INTEGER NOT NULL,
    PRIMARY KEY (store, lane, day, promotion, currency, shares)
) STRICT, WITHOUT ROWID;
