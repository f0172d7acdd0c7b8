-- HQ's tables on PostgreSQL, version 1. Every key begins with the store, a
-- member or the chain; nothing is numbered by the database; no constraint
-- crosses stores. Texts compare as bytes, as in SQLite.
-- What HQ tells lanes. A row's version is drawn from one counter inside the
-- one writing transaction, so versions become visible in their order.
CREATE TABLE entity (
    store   TEXT COLLATE "C" NOT NULL,
    kind    TEXT COLLATE "C" NOT NULL,
    key     TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    body    TEXT COLLATE "C",               -- JSON; NULL when deleted
    PRIMARY KEY (store, kind, key)
);
CREATE INDEX entity_version ON entity (store, version);

CREATE TABLE counter (
    name  TEXT COLLATE "C" PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counter VALUES ('reference_version', 0);

-- Every way to name a product: GTINs padded to 14 digits, 'plu:' numbers.
CREATE TABLE product_code (
    store TEXT COLLATE "C" NOT NULL,
    sku   TEXT COLLATE "C" NOT NULL,
    code  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (store, sku, code)
);
CREATE INDEX product_code_code ON product_code (store, code);

CREATE TABLE member (
    id   TEXT COLLATE "C" PRIMARY KEY,
    body TEXT COLLATE "C" NOT NULL
);

CREATE TABLE lane (
    store          TEXT COLLATE "C" NOT NULL,
    lane           BIGINT NOT NULL,
    key_hash       BYTEA NOT NULL,
    epoch          BIGINT NOT NULL,
    enrolled_at_ms BIGINT NOT NULL,
    PRIMARY KEY (store, lane)
);

CREATE INDEX lane_key_hash ON lane (key_hash);

-- Found by hash alone: a code does not say its store.
CREATE TABLE enrolment_code (
    store         TEXT COLLATE "C" NOT NULL,
    lane          BIGINT NOT NULL,
    code_hash     BYTEA NOT NULL UNIQUE,
    expires_at_ms BIGINT NOT NULL,
    PRIMARY KEY (store, lane)
);

CREATE TABLE person (
    name         TEXT COLLATE "C" PRIMARY KEY,
    role         TEXT COLLATE "C" NOT NULL,
    key_hash     BYTEA NOT NULL UNIQUE,
    added_at_ms  BIGINT NOT NULL
);

-- How far each journal is filed.
CREATE TABLE journal (
    store        TEXT COLLATE "C" NOT NULL,
    lane         BIGINT NOT NULL,
    epoch        BIGINT NOT NULL,
    acknowledged BIGINT NOT NULL,
    head         BYTEA NOT NULL,
    quarantined  BIGINT NOT NULL,
    PRIMARY KEY (store, lane, epoch)
);

-- The bytes as the lane wrote them.
CREATE TABLE event (
    store          TEXT COLLATE "C" NOT NULL,
    lane           BIGINT NOT NULL,
    epoch          BIGINT NOT NULL,
    seq            BIGINT NOT NULL,
    hash           BYTEA NOT NULL,
    bytes          BYTEA NOT NULL,
    received_at_ms BIGINT NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq)
);

CREATE TABLE quarantine (
    store  TEXT COLLATE "C" NOT NULL,
    lane   BIGINT NOT NULL,
    epoch  BIGINT NOT NULL,
    seq    BIGINT NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq)
);

CREATE TABLE alarm (
    store       TEXT COLLATE "C" NOT NULL,
    lane        BIGINT NOT NULL,
    epoch       BIGINT NOT NULL,
    seq         BIGINT NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL,
    hash_sent   BYTEA NOT NULL,
    found_at_ms BIGINT NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq, kind, hash_sent)
);

CREATE TABLE sale (
    store             TEXT COLLATE "C" NOT NULL,
    lane              BIGINT NOT NULL,
    epoch             BIGINT NOT NULL,
    seq               BIGINT NOT NULL,
    business_date     TEXT COLLATE "C" NOT NULL,
    at_ms             BIGINT NOT NULL,
    shift             BIGINT NOT NULL,
    staff             TEXT COLLATE "C" NOT NULL,
    currency          TEXT COLLATE "C" NOT NULL,
    reference_version BIGINT NOT NULL,
    total             BIGINT NOT NULL,
    rounding          BIGINT NOT NULL,
    payable           BIGINT NOT NULL,
    change            BIGINT NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq)
);
CREATE INDEX sale_business_date ON sale (store, business_date);

CREATE TABLE sale_line (
    store      TEXT COLLATE "C" NOT NULL,
    lane       BIGINT NOT NULL,
    epoch      BIGINT NOT NULL,
    seq        BIGINT NOT NULL,
    position   BIGINT NOT NULL,   -- within the document, from 0
    line       BIGINT NOT NULL,   -- the basket's own number
    sku        TEXT COLLATE "C" NOT NULL,
    quantity   BIGINT NOT NULL,
    unit_price BIGINT NOT NULL,
    net        BIGINT NOT NULL,
    tax_rate   BIGINT NOT NULL,
    unit       TEXT COLLATE "C" NOT NULL DEFAULT '',        -- of quantity and unit_price; empty for the base unit
    factor     BIGINT NOT NULL DEFAULT 1,      -- base units in one
    PRIMARY KEY (store, lane, epoch, seq, position)
);

CREATE TABLE sale_tender (
    store    TEXT COLLATE "C" NOT NULL,
    lane     BIGINT NOT NULL,
    epoch    BIGINT NOT NULL,
    seq      BIGINT NOT NULL,
    position BIGINT NOT NULL,
    kind     TEXT COLLATE "C" NOT NULL,
    amount   BIGINT NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq, position)
);

CREATE TABLE sale_tax (
    store    TEXT COLLATE "C" NOT NULL,
    lane     BIGINT NOT NULL,
    epoch    BIGINT NOT NULL,
    seq      BIGINT NOT NULL,
    position BIGINT NOT NULL,
    rate     BIGINT NOT NULL,
    net      BIGINT NOT NULL,
    tax      BIGINT NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq, position)
);

-- Sums of the tables above, kept in the transaction that adds to them.
CREATE TABLE sales_of_day (
    store         TEXT COLLATE "C" NOT NULL,
    lane          BIGINT NOT NULL,
    business_date TEXT COLLATE "C" NOT NULL,
    currency      TEXT COLLATE "C" NOT NULL,
    sales         BIGINT NOT NULL,
    lines         BIGINT NOT NULL,
    total         BIGINT NOT NULL,
    payable       BIGINT NOT NULL,
    tax           BIGINT NOT NULL,
    PRIMARY KEY (store, lane, business_date, currency)
);

-- What a lane signs its journal with, as it was told at enrolment.
CREATE TABLE lane_key (
    store            TEXT COLLATE "C" NOT NULL,
    lane             BIGINT NOT NULL,
    epoch            BIGINT NOT NULL,
    public_key       BYTEA NOT NULL,
    registered_at_ms BIGINT NOT NULL,
    PRIMARY KEY (store, lane, epoch)
);

-- Where a journal stood, in its lane's hand; checked before it is filed.
CREATE TABLE signed_head (
    store     TEXT COLLATE "C" NOT NULL,
    lane      BIGINT NOT NULL,
    epoch     BIGINT NOT NULL,
    seq       BIGINT NOT NULL,
    hash      BYTEA NOT NULL,
    signature BYTEA NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq)
);

-- What a lane sent that is not of the journal that is filed: the other branch
-- of a fork, or what came under a wrong signature. Nothing is read out of it.
CREATE TABLE branch (
    store          TEXT COLLATE "C" NOT NULL,
    lane           BIGINT NOT NULL,
    epoch          BIGINT NOT NULL,
    seq            BIGINT NOT NULL,
    hash           BYTEA NOT NULL,
    bytes          BYTEA NOT NULL,
    received_at_ms BIGINT NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq, hash)
);

-- What is read out of events beside sales.
CREATE TABLE shift (
    store         TEXT COLLATE "C" NOT NULL,
    lane          BIGINT NOT NULL,
    epoch         BIGINT NOT NULL,
    shift         BIGINT NOT NULL,
    business_date TEXT COLLATE "C" NOT NULL,
    opened_seq    BIGINT,         -- NULL where it was opened in an earlier epoch
    opened_at_ms  BIGINT,
    opened_by     TEXT COLLATE "C",
    opening_cash  BIGINT,
    closed_seq    BIGINT,         -- NULL while it is open
    closed_at_ms  BIGINT,
    closed_by     TEXT COLLATE "C",
    documents     BIGINT,
    expected_cash BIGINT,
    counted_cash  BIGINT,
    PRIMARY KEY (store, lane, epoch, shift)
);

-- Signed sums of what each lane has moved; a store has the sum of its lanes.
CREATE TABLE stock (
    store    TEXT COLLATE "C" NOT NULL,
    sku      TEXT COLLATE "C" NOT NULL,
    lane     BIGINT NOT NULL,
    quantity BIGINT NOT NULL,     -- thousandths of a piece or of a kilogram
    PRIMARY KEY (store, sku, lane)
);
