-- From version 5 to version 6: what was given of promotions with quotas.
-- What was given of promotions with quotas, less what came back: a row for each
-- lane and day, and beside it one for each member who had some.
CREATE TABLE promotion_use (
    store     TEXT COLLATE "C" NOT NULL,
    lane      BIGINT NOT NULL,
    promotion TEXT COLLATE "C" NOT NULL,
    member    TEXT COLLATE "C" NOT NULL,      -- empty for everybody together
    day       TEXT COLLATE "C" NOT NULL,      -- the business date of the sale that used it
    units     BIGINT NOT NULL,
    PRIMARY KEY (promotion, member, day, store, lane)
);
CREATE INDEX promotion_use_lane ON promotion_use (store, lane);
