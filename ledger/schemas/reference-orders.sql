-- Orders of channels that the store is to hand over, the promised ones first.
CREATE TABLE channel_order (
    id          TEXT PRIMARY KEY,
    promised_ms INTEGER,           -- NULL where no time was promised
    body        TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX channel_order_by_time ON channel_order (coalesce(promised_ms, 9223372036854775807), id);
