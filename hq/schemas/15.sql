-- HQ's tables, version 15.
-- What HQ tells lanes. A row's version is drawn from one counter inside the
-- one writing transaction, so versions become visible in their order.
CREATE TABLE entity (
    store   TEXT NOT NULL,
    kind    TEXT NOT NULL,
    key     TEXT NOT NULL,
    version INTEGER NOT NULL,
    body    TEXT,               -- JSON; NULL when deleted
    PRIMARY KEY (store, kind, key)
) STRICT;
CREATE INDEX entity_version ON entity (store, version);
-- Whose label somebody has in hand.
CREATE INDEX entity_label ON entity (key) WHERE kind = 'label';

CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counter VALUES ('reference_version', 0);

-- Every way to name a product: GTINs padded to 14 digits, 'plu:' numbers.
CREATE TABLE product_code (
    store TEXT NOT NULL,
    sku   TEXT NOT NULL,
    code  TEXT NOT NULL,
    PRIMARY KEY (store, sku, code)
) STRICT, WITHOUT ROWID;
CREATE INDEX product_code_code ON product_code (store, code);

CREATE TABLE member (
    id   TEXT PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE lane (
    store          TEXT NOT NULL,
    lane           INTEGER NOT NULL,
    key_hash       BLOB NOT NULL,
    epoch          INTEGER NOT NULL,
    enrolled_at_ms INTEGER NOT NULL,
    PRIMARY KEY (store, lane)
) STRICT, WITHOUT ROWID;

CREATE INDEX lane_key_hash ON lane (key_hash);

-- Found by hash alone: a code does not say its store.
CREATE TABLE enrolment_code (
    code_hash     BLOB PRIMARY KEY,
    store         TEXT NOT NULL,
    lane          INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who signs in with a password.
CREATE TABLE person (
    name            TEXT PRIMARY KEY,
    role            TEXT NOT NULL,
    password_hash   TEXT NOT NULL,      -- Argon2id, PHC string form; empty before there is one
    added_at_ms     INTEGER NOT NULL,
    wrong_passwords INTEGER NOT NULL,   -- since the last right one
    locked_until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How far each journal is filed.
CREATE TABLE journal (
    store        TEXT NOT NULL,
    lane         INTEGER NOT NULL,
    epoch        INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL,
    head         BLOB NOT NULL,
    quarantined  INTEGER NOT NULL,
    PRIMARY KEY (store, lane, epoch)
) STRICT, WITHOUT ROWID;

-- The bytes as the lane wrote them.
CREATE TABLE event (
    store          TEXT NOT NULL,
    lane           INTEGER NOT NULL,
    epoch          INTEGER NOT NULL,
    seq            INTEGER NOT NULL,
    hash           BLOB NOT NULL,
    bytes          BLOB NOT NULL,
    received_at_ms INTEGER NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq)
) STRICT;

CREATE TABLE quarantine (
    store  TEXT NOT NULL,
    lane   INTEGER NOT NULL,
    epoch  INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq),
    FOREIGN KEY (store, lane, epoch, seq) REFERENCES event
) STRICT, WITHOUT ROWID;

CREATE TABLE alarm (
    store       TEXT NOT NULL,
    lane        INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    hash_sent   BLOB NOT NULL,
    found_at_ms INTEGER NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq, kind, hash_sent)
) STRICT, WITHOUT ROWID;

CREATE TABLE sale (
    store             TEXT NOT NULL,
    lane              INTEGER NOT NULL,
    epoch             INTEGER NOT NULL,
    seq               INTEGER NOT NULL,
    business_date     TEXT NOT NULL,
    at_ms             INTEGER NOT NULL,
    shift             INTEGER NOT NULL,
    staff             TEXT NOT NULL,
    currency          TEXT NOT NULL,
    reference_version INTEGER NOT NULL,
    total             INTEGER NOT NULL,
    rounding          INTEGER NOT NULL,
    payable           INTEGER NOT NULL,
    change            INTEGER NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq),
    FOREIGN KEY (store, lane, epoch, seq) REFERENCES event
) STRICT;
CREATE INDEX sale_business_date ON sale (store, business_date);

CREATE TABLE sale_line (
    store      TEXT NOT NULL,
    lane       INTEGER NOT NULL,
    epoch      INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    position   INTEGER NOT NULL,   -- within the document, from 0
    line       INTEGER NOT NULL,   -- the basket's own number
    sku        TEXT NOT NULL,
    quantity   INTEGER NOT NULL,
    unit_price INTEGER NOT NULL,
    net        INTEGER NOT NULL,
    tax_rate   INTEGER NOT NULL,
    unit       TEXT NOT NULL DEFAULT '',        -- of quantity and unit_price; empty for the base unit
    factor     INTEGER NOT NULL DEFAULT 1,      -- base units in one
    PRIMARY KEY (store, lane, epoch, seq, position),
    FOREIGN KEY (store, lane, epoch, seq) REFERENCES sale
) STRICT, WITHOUT ROWID;
-- What an item was sold at, for struck prices.
CREATE INDEX sale_line_item ON sale_line (store, sku);

CREATE TABLE sale_tender (
    store    TEXT NOT NULL,
    lane     INTEGER NOT NULL,
    epoch    INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    position INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    amount   INTEGER NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq, position),
    FOREIGN KEY (store, lane, epoch, seq) REFERENCES sale
) STRICT, WITHOUT ROWID;

-- By what a sale is found again: 'member/ID' of who bought, 'card/1234' of the
-- card that paid.
CREATE TABLE sale_key (
    store         TEXT NOT NULL,
    lane          INTEGER NOT NULL,
    epoch         INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    key           TEXT NOT NULL,
    business_date TEXT NOT NULL,
    at_ms         INTEGER NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq, key),
    FOREIGN KEY (store, lane, epoch, seq) REFERENCES sale
) STRICT, WITHOUT ROWID;
CREATE INDEX sale_key_key ON sale_key (key, business_date);

CREATE TABLE sale_tax (
    store    TEXT NOT NULL,
    lane     INTEGER NOT NULL,
    epoch    INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    position INTEGER NOT NULL,
    rate     INTEGER NOT NULL,
    net      INTEGER NOT NULL,
    tax      INTEGER NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq, position),
    FOREIGN KEY (store, lane, epoch, seq) REFERENCES sale
) STRICT, WITHOUT ROWID;

-- Sums of the tables above, kept in the transaction that adds to them.
CREATE TABLE sales_of_day (
    store         TEXT NOT NULL,
    lane          INTEGER NOT NULL,
    business_date TEXT NOT NULL,
    currency      TEXT NOT NULL,
    sales         INTEGER NOT NULL,
    lines         INTEGER NOT NULL,
    total         INTEGER NOT NULL,
    payable       INTEGER NOT NULL,
    tax           INTEGER NOT NULL,
    PRIMARY KEY (store, lane, business_date, currency)
) STRICT, WITHOUT ROWID;

-- What a lane signs its journal with, as it was told at enrolment.
CREATE TABLE lane_key (
    store            TEXT NOT NULL,
    lane             INTEGER NOT NULL,
    epoch            INTEGER NOT NULL,
    public_key       BLOB NOT NULL,
    registered_at_ms INTEGER NOT NULL,
    PRIMARY KEY (store, lane, epoch)
) STRICT, WITHOUT ROWID;

-- Where a journal stood, in its lane's hand; checked before it is filed.
CREATE TABLE signed_head (
    store     TEXT NOT NULL,
    lane      INTEGER NOT NULL,
    epoch     INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    hash      BLOB NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq)
) STRICT, WITHOUT ROWID;

-- What a lane sent that is not of the journal that is filed: the other branch
-- of a fork, or what came under a wrong signature. Nothing is read out of it.
CREATE TABLE branch (
    store          TEXT NOT NULL,
    lane           INTEGER NOT NULL,
    epoch          INTEGER NOT NULL,
    seq            INTEGER NOT NULL,
    hash           BLOB NOT NULL,
    bytes          BLOB NOT NULL,
    received_at_ms INTEGER NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq, hash)
) STRICT;

-- What is read out of events beside sales.
CREATE TABLE shift (
    store         TEXT NOT NULL,
    lane          INTEGER NOT NULL,
    epoch         INTEGER NOT NULL,
    shift         INTEGER NOT NULL,
    business_date TEXT NOT NULL,
    opened_seq    INTEGER,         -- NULL where it was opened in an earlier epoch
    opened_at_ms  INTEGER,
    opened_by     TEXT,
    opening_cash  INTEGER,
    closed_seq    INTEGER,         -- NULL while it is open
    closed_at_ms  INTEGER,
    closed_by     TEXT,
    documents     INTEGER,
    expected_cash INTEGER,
    counted_cash  INTEGER,
    PRIMARY KEY (store, lane, epoch, shift)
) STRICT, WITHOUT ROWID;

-- Signed sums of what each lane has moved; a store has the sum of its lanes.
CREATE TABLE stock (
    store    TEXT NOT NULL,
    sku      TEXT NOT NULL,
    lane     INTEGER NOT NULL,
    quantity INTEGER NOT NULL,     -- thousandths of a piece or of a kilogram
    PRIMARY KEY (store, sku, lane)
) STRICT, WITHOUT ROWID;

-- The books of record. A book is what its entries make it; an entry is never
-- changed. The owner is a member or a store.
CREATE TABLE book (
    owner TEXT NOT NULL,
    kind  TEXT NOT NULL,
    part  TEXT NOT NULL,
    body  TEXT NOT NULL,        -- JSON
    PRIMARY KEY (owner, kind, part)
) STRICT, WITHOUT ROWID;

CREATE TABLE book_entry (
    owner       TEXT NOT NULL,
    kind        TEXT NOT NULL,
    part        TEXT NOT NULL,
    number      INTEGER NOT NULL,
    source      TEXT NOT NULL,  -- the document behind it
    at_ms       INTEGER NOT NULL,
    heard_at_ms INTEGER NOT NULL,
    amount      INTEGER NOT NULL,
    body        TEXT NOT NULL,  -- JSON
    PRIMARY KEY (owner, kind, part, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX book_entry_source ON book_entry (owner, kind, part, source);

-- What one lane has of a book, until its own clock says so.
CREATE TABLE hold (
    store    TEXT NOT NULL,
    lane     INTEGER NOT NULL,
    owner    TEXT NOT NULL,
    kind     TEXT NOT NULL,
    part     TEXT NOT NULL,
    id       TEXT NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (store, lane, owner, kind, part, id)
) STRICT, WITHOUT ROWID;

-- When time next does something to a member's points: pending ones ripen, or points or a tier end.
CREATE TABLE points_due (
    member TEXT PRIMARY KEY,
    due_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX points_due_due ON points_due (due_ms, member);

-- What stands, and a person must look at.
CREATE TABLE exception (
    store       TEXT NOT NULL,
    source      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    owner       TEXT NOT NULL,
    part        TEXT NOT NULL,
    what        TEXT NOT NULL,  -- JSON
    found_at_ms INTEGER NOT NULL,
    PRIMARY KEY (store, source, kind, owner, part, what)
) STRICT, WITHOUT ROWID;

-- What people look at is told in pages, the newest first.
CREATE INDEX alarm_found ON alarm (found_at_ms DESC, store);
CREATE INDEX exception_found ON exception (found_at_ms DESC, store);

-- Cards, and hashes of telephone numbers after 'phone:'.
CREATE TABLE member_code (
    code   TEXT NOT NULL,
    member TEXT NOT NULL,
    PRIMARY KEY (code, member)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_code_member ON member_code (member);

-- What a chain set for all of its stores and members.
CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL          -- JSON
) STRICT, WITHOUT ROWID;

-- Goods on their way to a place, and goods that somebody waits for there.
CREATE TABLE stock_beside (
    store    TEXT NOT NULL,
    lane     INTEGER NOT NULL,
    epoch    INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    position INTEGER NOT NULL,
    sku      TEXT NOT NULL,
    kind     TEXT NOT NULL,
    place    TEXT NOT NULL,
    document TEXT NOT NULL,
    quantity INTEGER NOT NULL,  -- thousandths; below nothing where it ends
    PRIMARY KEY (store, lane, epoch, seq, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX stock_beside_sku ON stock_beside (sku, place);
CREATE INDEX stock_sku ON stock (sku);

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

-- Somebody who has signed in.
CREATE TABLE session (
    token_hash BLOB PRIMARY KEY,
    person     TEXT NOT NULL,
    made_at_ms INTEGER NOT NULL,
    until_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_person ON session (person, made_at_ms);

-- Keys of programs.
CREATE TABLE api_key (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    scopes        TEXT NOT NULL,        -- names with a space between
    key_hash      BLOB NOT NULL,
    made_by       TEXT NOT NULL,
    made_at_ms    INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    revoked_at_ms INTEGER               -- NULL while it is good
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX api_key_hash ON api_key (key_hash);

-- Every administrative act: who, when, what, from where. Never changed.
CREATE TABLE audit (
    at_ms   INTEGER NOT NULL,
    id      TEXT NOT NULL,              -- drawn: two acts of one moment differ
    who     TEXT NOT NULL,
    origin  TEXT NOT NULL,
    act     TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL,              -- JSON
    PRIMARY KEY (at_ms, id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END;

-- What was answered to changes, by the keys that their callers drew.
CREATE TABLE replay (
    caller    TEXT NOT NULL,
    key       TEXT NOT NULL,
    body_hash BLOB NOT NULL,            -- of method, route and body
    at_ms     INTEGER NOT NULL,
    body      TEXT,                     -- NULL where it is told once
    PRIMARY KEY (caller, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX replay_at ON replay (at_ms);

-- Prices and promotions that change at one instant.
CREATE TABLE price_batch (
    id       TEXT PRIMARY KEY,
    at_ms    INTEGER NOT NULL,
    state    TEXT NOT NULL,             -- armed, cancelled
    version  INTEGER NOT NULL,          -- of the reference that has it
    body     TEXT NOT NULL              -- JSON
) STRICT, WITHOUT ROWID;

-- The rules of commissions, as they were imported.
CREATE TABLE commission_rule (
    id   TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL  -- JSON
) STRICT, WITHOUT ROWID;

-- One row for each line that somebody is credited for, below nothing for what
-- came back. A seller's balance is the sum of their rows.
CREATE TABLE commission (
    store         TEXT NOT NULL,
    lane          INTEGER NOT NULL,
    epoch         INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    position      INTEGER NOT NULL,
    seller        TEXT NOT NULL,
    business_date TEXT NOT NULL,
    currency      TEXT NOT NULL,
    sku           TEXT NOT NULL,
    net           INTEGER NOT NULL,
    rule          TEXT NOT NULL,  -- empty where none held
    amount        INTEGER NOT NULL,
    of_document   TEXT NOT NULL,  -- the sale that earned it
    of_line       INTEGER NOT NULL,
    PRIMARY KEY (store, lane, epoch, seq, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX commission_by_seller ON commission (seller, business_date);
CREATE INDEX commission_by_document ON commission (of_document, of_line);

-- What was given of promotions with quotas, less what came back: a row for each
-- lane and day, and beside it one for each member who had some.
CREATE TABLE promotion_use (
    store     TEXT NOT NULL,
    lane      INTEGER NOT NULL,
    promotion TEXT NOT NULL,
    member    TEXT NOT NULL,      -- empty for everybody together
    day       TEXT NOT NULL,      -- the business date of the sale that used it
    units     INTEGER NOT NULL,
    taken_off INTEGER NOT NULL DEFAULT 0,  -- minor units, where money is limited
    PRIMARY KEY (promotion, member, day, store, lane)
) STRICT, WITHOUT ROWID;
CREATE INDEX promotion_use_lane ON promotion_use (store, lane);

-- What promotions took off, less what came back, by those who bear it: a row
-- for each lane, business date of the document, promotion and shares.
CREATE TABLE promotion_cost (
    store     TEXT NOT NULL,
    lane      INTEGER NOT NULL,
    day       TEXT NOT NULL,
    promotion TEXT NOT NULL,
    currency  TEXT NOT NULL,
    shares    TEXT NOT NULL,      -- JSON: who, supplier, basis points
    taken_off INTEGER NOT NULL,
    PRIMARY KEY (store, lane, day, promotion, currency, shares)
) STRICT, WITHOUT ROWID;

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

-- The version of the reference when each day was first seen, UTC days since
-- 1970-01-01.
CREATE TABLE reference_day (
    day     INTEGER PRIMARY KEY,
    version INTEGER NOT NULL
) STRICT;
-- Deleted rows up to this version are gone: a lane that is before it begins anew.
INSERT INTO counter VALUES ('deletions_forgotten', 0);
CREATE INDEX entity_deleted ON entity (version) WHERE body IS NULL;

-- What a base unit of goods costs from an instant on, without tax.
CREATE TABLE item_cost (
    sku     TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    cost    INTEGER,            -- minor units; NULL: not known any more
    PRIMARY KEY (sku, from_ms)
) STRICT, WITHOUT ROWID;

-- Pictures of goods as lanes get them, by their SHA-256; whose they are stands in entity.
CREATE TABLE picture_file (
    sha256 TEXT PRIMARY KEY,
    bytes  BLOB NOT NULL        -- a JPEG
) STRICT, WITHOUT ROWID;
CREATE TABLE picture_use (
    sku    TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX picture_use_sha256 ON picture_use (sha256);

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
