-- From version 14 to version 15: HQ orders transfers between stores.

-- Transfers between stores that HQ ordered, by their number, which is one in the chain.
CREATE TABLE transfer (
    number   TEXT PRIMARY KEY,
    sender   TEXT NOT NULL,
    receiver TEXT NOT NULL,
    state    TEXT NOT NULL,
    body     TEXT NOT NULL  -- JSON
) STRICT, WITHOUT ROWID;
CREATE INDEX transfer_sender ON transfer (sender, number);
CREATE INDEX transfer_receiver ON transfer (receiver, number);
CREATE INDEX transfer_state ON transfer (state, number);

-- What left and came under a transfer's number.
CREATE INDEX stock_beside_document ON stock_beside (document) WHERE kind = 'transit';
