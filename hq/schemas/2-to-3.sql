-- From version 2 to version 3: signed journals, and what does not belong to them.
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
