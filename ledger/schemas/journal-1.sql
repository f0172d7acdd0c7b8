-- The journal, format 1. Released: never edited again.
CREATE TABLE identity (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    store TEXT NOT NULL,
    lane  INTEGER NOT NULL,
    epoch INTEGER NOT NULL
) STRICT;
CREATE TABLE event (
    epoch INTEGER NOT NULL,
    seq   INTEGER NOT NULL,
    kind  TEXT NOT NULL,
    hash  BLOB NOT NULL CHECK (length(hash) = 32),
    body  BLOB NOT NULL,
    PRIMARY KEY (epoch, seq)
) STRICT;
CREATE TRIGGER event_is_gapless BEFORE INSERT ON event
WHEN NEW.seq IS NOT 1 + coalesce((SELECT max(seq) FROM event WHERE epoch = NEW.epoch), 0)
BEGIN SELECT raise(ABORT, 'the journal is gapless'); END;
CREATE TRIGGER event_is_not_changed BEFORE UPDATE ON event
BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER event_is_not_deleted BEFORE DELETE ON event
BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER identity_is_not_changed BEFORE UPDATE ON identity
BEGIN SELECT raise(ABORT, 'a journal keeps its lane'); END;
CREATE TRIGGER identity_is_not_deleted BEFORE DELETE ON identity
BEGIN SELECT raise(ABORT, 'a journal keeps its lane'); END;
