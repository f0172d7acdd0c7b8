-- From version 7 to version 8: who bears what promotions take off.
ALTER TABLE promotion_use ADD COLUMN taken_off BIGINT NOT NULL DEFAULT 0;

-- What promotions took off, less what came back, by those who bear it: a row
-- for each lane, business date of the document, promotion and shares.
CREATE TABLE promotion_cost (
    store     TEXT COLLATE "C" NOT NULL,
    lane      BIGINT NOT NULL,
    day       TEXT COLLATE "C" NOT NULL,
    promotion TEXT COLLATE "C" NOT NULL,
    currency  TEXT COLLATE "C" NOT NULL,
    shares    TEXT COLLATE "C" NOT NULL,      -- JSON: who, supplier, basis points
    taken_off BIGINT NOT NULL,
    PRIMARY KEY (store, lane, day, promotion, currency, shares)
);
