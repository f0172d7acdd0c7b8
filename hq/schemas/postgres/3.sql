-- From version 2 to version 3: shelf labels.
-- What the agents with gateways reported last.
CREATE TABLE shelf_report (
    store       TEXT COLLATE "C" NOT NULL,
    lane        BIGINT NOT NULL,
    number      BIGINT NOT NULL,
    heard_at_ms BIGINT NOT NULL,
    body        TEXT COLLATE "C" NOT NULL,  -- JSON
    PRIMARY KEY (store, lane)
);

-- The version of the reference that a lane has in use, in stores with gateways.
CREATE TABLE lane_reference (
    store          TEXT COLLATE "C" NOT NULL,
    lane           BIGINT NOT NULL,
    version        BIGINT NOT NULL,
    is_written_off BIGINT NOT NULL,
    PRIMARY KEY (store, lane)
);
