-- From version 11 to version 12: HQ orders transfers between stores.

-- Transfers between stores that HQ ordered, by their number, which is one in the chain.
CREATE TABLE transfer (
    number   TEXT COLLATE "C" PRIMARY KEY,
    sender   TEXT COLLATE "C" NOT NULL,
    receiver TEXT COLLATE "C" NOT NULL,
    state    TEXT COLLATE "C" NOT NULL,
    body     TEXT NOT NULL  -- JSON
);
CREATE INDEX transfer_sender ON transfer (sender, number);
CREATE INDEX transfer_receiver ON transfer (receiver, number);
CREATE INDEX transfer_state ON transfer (state, number);

-- What left and came under a transfer's number.
CREATE INDEX stock_beside_document ON stock_beside (document) WHERE kind = 'transit';
