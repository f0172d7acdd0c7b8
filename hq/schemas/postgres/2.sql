-- From version 1 to version 2: the books of record.
-- The books of record. A book is what its entries make it; an entry is never
-- changed. The owner is a member or a store.
CREATE TABLE book (
    owner TEXT COLLATE "C" NOT NULL,
    kind  TEXT COLLATE "C" NOT NULL,
    part  TEXT COLLATE "C" NOT NULL,
    body  TEXT COLLATE "C" NOT NULL,        -- JSON
    PRIMARY KEY (owner, kind, part)
);

CREATE TABLE book_entry (
    owner       TEXT COLLATE "C" NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL,
    part        TEXT COLLATE "C" NOT NULL,
    number      BIGINT NOT NULL,
    source      TEXT COLLATE "C" NOT NULL,  -- the document behind it
    at_ms       BIGINT NOT NULL,
    heard_at_ms BIGINT NOT NULL,
    amount      BIGINT NOT NULL,
    body        TEXT COLLATE "C" NOT NULL,  -- JSON
    PRIMARY KEY (owner, kind, part, number)
);
CREATE INDEX book_entry_source ON book_entry (owner, kind, part, source);

-- What one lane has of a book, until its own clock says so.
CREATE TABLE hold (
    store    TEXT COLLATE "C" NOT NULL,
    lane     BIGINT NOT NULL,
    owner    TEXT COLLATE "C" NOT NULL,
    kind     TEXT COLLATE "C" NOT NULL,
    part     TEXT COLLATE "C" NOT NULL,
    id       TEXT COLLATE "C" NOT NULL,
    until_ms BIGINT NOT NULL,
    PRIMARY KEY (store, lane, owner, kind, part, id)
);

-- What stands, and a person must look at.
CREATE TABLE exception (
    store       TEXT COLLATE "C" NOT NULL,
    source      TEXT COLLATE "C" NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL,
    owner       TEXT COLLATE "C" NOT NULL,
    part        TEXT COLLATE "C" NOT NULL,
    what        TEXT COLLATE "C" NOT NULL,  -- JSON
    found_at_ms BIGINT NOT NULL,
    PRIMARY KEY (store, source, kind, owner, part, what)
);

-- Cards, and hashes of telephone numbers after 'phone:'.
CREATE TABLE member_code (
    code   TEXT COLLATE "C" NOT NULL,
    member TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (code, member)
);
CREATE INDEX member_code_member ON member_code (member);

-- What a chain set for all of its stores and members.
CREATE TABLE setting (
    name TEXT COLLATE "C" PRIMARY KEY,
    body TEXT COLLATE "C" NOT NULL          -- JSON
);

-- Goods on their way to a place, and goods that somebody waits for there.
CREATE TABLE stock_beside (
    store    TEXT COLLATE "C" NOT NULL,
    lane     BIGINT NOT NULL,
    epoch    BIGINT NOT NULL,
    seq      BIGINT NOT NULL,
    position BIGINT NOT NULL,
    sku      TEXT COLLATE "C" NOT NULL,
    kind     TEXT COLLATE "C" NOT NULL,
    place    TEXT COLLATE "C" NOT NULL,
    document TEXT COLLATE "C" NOT NULL,
    quantity BIGINT NOT NULL,  -- thousandths; below nothing where it ends
    PRIMARY KEY (store, lane, epoch, seq, position)
);
CREATE INDEX stock_beside_sku ON stock_beside (sku, place);
CREATE INDEX stock_sku ON stock (sku);
