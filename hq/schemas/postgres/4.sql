-- From version 3 to version 4: what sellers earn.
-- The rules of commissions, as they were imported.
CREATE TABLE commission_rule (
    id   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    body TEXT COLLATE "C" NOT NULL  -- JSON
);

-- One row for each line that somebody is credited for, below nothing for what
-- came back. A seller's balance is the sum of their rows.
CREATE TABLE commission (
    store         TEXT COLLATE "C" NOT NULL,
    lane          BIGINT NOT NULL,
    epoch         BIGINT NOT NULL,
    seq           BIGINT NOT NULL,
    position      BIGINT NOT NULL,
    seller        TEXT COLLATE "C" NOT NULL,
    business_date TEXT COLLATE "C" NOT NULL,
    currency      TEXT COLLATE "C" NOT NULL,
    sku           TEXT COLLATE "C" NOT NULL,
    net           BIGINT NOT NULL,
    rule          TEXT COLLATE "C" NOT NULL,  -- empty where none held
    amount        BIGINT NOT NULL,
    of_document   TEXT COLLATE "C" NOT NULL,  -- the sale that earned it
    of_line       BIGINT NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq, position)
);

CREATE INDEX commission_by_seller ON commission (seller, business_date);
CREATE INDEX commission_by_document ON commission (of_document, of_line);
