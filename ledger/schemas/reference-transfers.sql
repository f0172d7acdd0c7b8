-- Transfers that HQ ordered from this store or to it, the oldest first.
CREATE TABLE transfer (
    number     TEXT PRIMARY KEY,
    ordered_ms INTEGER NOT NULL,
    body       TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX transfer_by_time ON transfer (ordered_ms, number);
