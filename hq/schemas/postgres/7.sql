-- From version 6 to version 7: scan-and-go.
-- Keys of scan-and-go: with the newest, links and baskets are signed; what the
-- others signed holds as long as it says.
CREATE TABLE scan_go_key (
    public_key BYTEA PRIMARY KEY,  -- Ed25519
    secret     TEXT COLLATE "C" NOT NULL,     -- the seed, 64 hexadecimal digits
    made_ms    BIGINT NOT NULL
);

-- Baskets that were signed for phones, as long as they count for a limit.
CREATE TABLE phone_basket (
    store     TEXT COLLATE "C" NOT NULL,
    id        BYTEA NOT NULL,
    device    BYTEA NOT NULL,      -- the SHA-256 of what the phone is known by
    made_ms   BIGINT NOT NULL,
    until_ms  BIGINT NOT NULL,
    total     BIGINT NOT NULL,
    lines     BIGINT NOT NULL,
    PRIMARY KEY (store, id)
);
CREATE INDEX phone_basket_device ON phone_basket (device, made_ms);
CREATE INDEX phone_basket_made ON phone_basket (made_ms);
