-- From version 6 to version 7: what sellers earn.
-- The rules of commissions, as they were imported.
CREATE TABLE commission_rule (
    id   TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL  -- JSON
) STRICT, WITHOUT ROWID;

-- One row for each line that somebody is credited for, below nothing for what
-- came back. A seller's balance is the sum of their rows.
CREATE TABLE commission (
    store         TEXT NOT NULL,
    lane          INTEGER NOT NULL,
    epoch         INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    position      INTEGER NOT NULL,
    seller        TEXT NOT NULL,
    business_date TEXT NOT NULL,
    currency      TEXT NOT NULL,
    sku           TEXT NOT NULL,
    net           INTEGER NOT NULL,
    rule          TEXT NOT NULL,  -- empty where none held
    amount        INTEGER NOT NULL,
    of_document   TEXT NOT NULL,  -- the sale that earned it
    of_line       INTEGER NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX commission_by_seller ON commission (seller, business_date);
CREATE INDEX commission_by_document ON commission (of_document, of_line);
