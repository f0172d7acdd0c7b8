-- From version 8 to version 9: what was given of promotions with quotas.
-- What was given of promotions with quotas, less what came back: a row for each
-- lane and day, and beside it one for each member who had some.
CREATE TABLE promotion_use (
    store     TEXT NOT NULL,
    lane      INTEGER NOT NULL,
    promotion TEXT NOT NULL,
    member    TEXT NOT NULL,      -- empty for everybody together
    day       TEXT NOT NULL,      -- the business date of the sale that used it
    units     INTEGER NOT NULL,
    PRIMARY KEY (promotion, member, day, store, lane)
) STRICT, WITHOUT ROWID;
CREATE INDEX promotion_use_lane ON promotion_use (store, lane);
