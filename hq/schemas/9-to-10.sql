-- From version 9 to version 10: scan-and-go.
-- Keys of scan-and-go: with the newest, links and baskets are signed; what the
-- others signed holds as long as it says.
CREATE TABLE scan_go_key (
    public_key BLOB PRIMARY KEY,  -- Ed25519
    secret     TEXT NOT NULL,     -- the seed, 64 hexadecimal digits
    made_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Baskets that were signed for phones, as long as they count for a limit.
CREATE TABLE phone_basket (
    store     TEXT NOT NULL,
    id        BLOB NOT NULL,
    device    BLOB NOT NULL,      -- the SHA-256 of what the phone is known by
    made_ms   INTEGER NOT NULL,
    until_ms  INTEGER NOT NULL,
    total     INTEGER NOT NULL,
    lines     INTEGER NOT NULL,
    PRIMARY KEY (store, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX phone_basket_device ON phone_basket (device, made_ms);
CREATE INDEX phone_basket_made ON phone_basket (made_ms);
