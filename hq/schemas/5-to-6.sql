-- From version 5 to version 6: shelf labels.
-- What the agents with gateways reported last.
CREATE TABLE shelf_report (
    store       TEXT NOT NULL,
    lane        INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    heard_at_ms INTEGER NOT NULL,
    body        TEXT NOT NULL,  -- JSON
    PRIMARY KEY (store, lane)
) STRICT, WITHOUT ROWID;

-- The version of the reference that a lane has in use, in stores with gateways.
CREATE TABLE lane_reference (
    store          TEXT NOT NULL,
    lane           INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    is_written_off INTEGER NOT NULL,
    PRIMARY KEY (store, lane)
) STRICT, WITHOUT ROWID;
