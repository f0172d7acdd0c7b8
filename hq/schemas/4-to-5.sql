-- From version 4 to version 5: the books of record.
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
