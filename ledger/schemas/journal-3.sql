-- The journal, format 3: what is signed or said once cannot be replaced either.
CREATE TABLE identity (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    store TEXT NOT NULL,
    lane  INTEGER NOT NULL,
    epoch INTEGER NOT NULL      -- the first one of this file
) STRICT;
CREATE TABLE event (
    epoch INTEGER NOT NULL,
    seq   INTEGER NOT NULL,
    kind  TEXT NOT NULL,
    hash  BLOB NOT NULL CHECK (length(hash) = 32),
    body  BLOB NOT NULL,
    PRIMARY KEY (epoch, seq)
) STRICT;
CREATE TRIGGER event_is_not_changed BEFORE UPDATE ON event
BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER identity_is_not_deleted BEFORE DELETE ON identity
BEGIN SELECT raise(ABORT, 'a journal keeps its lane'); END;
-- The oldest format of programs that may read this file.
CREATE TABLE compatibility (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    min_reader INTEGER NOT NULL
) STRICT;
INSERT INTO compatibility VALUES (1, 2);
-- Where the chain stood, in the lane's hand.
CREATE TABLE head (
    epoch      INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    hash       BLOB NOT NULL CHECK (length(hash) = 32),
    public_key BLOB NOT NULL CHECK (length(public_key) = 32),
    signature  BLOB NOT NULL CHECK (length(signature) = 64),
    PRIMARY KEY (epoch, seq)
) STRICT;
-- Events that lie in a file beside the journal now.
CREATE TABLE segment (
    epoch     INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq  INTEGER NOT NULL CHECK (last_seq >= first_seq),
    previous  BLOB NOT NULL CHECK (length(previous) = 32),
    hash      BLOB NOT NULL CHECK (length(hash) = 32),
    file      TEXT NOT NULL,
    PRIMARY KEY (epoch, first_seq)
) STRICT;
CREATE TRIGGER head_is_not_changed BEFORE UPDATE ON head
BEGIN SELECT raise(ABORT, 'a signed head stays'); END;
CREATE TRIGGER head_is_not_deleted BEFORE DELETE ON head
BEGIN SELECT raise(ABORT, 'a signed head stays'); END;
CREATE TRIGGER segment_is_not_changed BEFORE UPDATE ON segment
BEGIN SELECT raise(ABORT, 'an archived segment stays'); END;
CREATE TRIGGER segment_is_not_deleted BEFORE DELETE ON segment
BEGIN SELECT raise(ABORT, 'an archived segment stays'); END;
CREATE TRIGGER segment_is_gapless BEFORE INSERT ON segment
WHEN NEW.first_seq IS NOT 1 + coalesce((SELECT max(last_seq) FROM segment WHERE epoch = NEW.epoch), 0)
BEGIN SELECT raise(ABORT, 'archived segments are gapless'); END;
CREATE TRIGGER event_is_gapless BEFORE INSERT ON event
WHEN NEW.seq IS NOT 1 + coalesce(
    (SELECT max(seq) FROM event WHERE epoch = NEW.epoch),
    (SELECT max(last_seq) FROM segment WHERE epoch = NEW.epoch),
    0)
BEGIN SELECT raise(ABORT, 'the journal is gapless'); END;
CREATE TRIGGER event_is_of_the_last_epoch BEFORE INSERT ON event
WHEN NEW.epoch < (SELECT max(epoch) FROM event)
BEGIN SELECT raise(ABORT, 'an earlier epoch is closed'); END;
-- Only what was archived may leave.
CREATE TRIGGER event_is_not_deleted BEFORE DELETE ON event
WHEN NOT EXISTS (
    SELECT 1 FROM segment
    WHERE epoch = OLD.epoch AND OLD.seq BETWEEN first_seq AND last_seq)
BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;
-- A journal with events keeps its lane; one without may begin with another epoch.
CREATE TRIGGER identity_is_not_changed BEFORE UPDATE ON identity
WHEN NEW.store <> OLD.store OR NEW.lane <> OLD.lane OR EXISTS (SELECT 1 FROM event)
BEGIN SELECT raise(ABORT, 'a journal keeps its lane'); END;
-- What is written once stays: REPLACE would delete without asking the triggers above.
CREATE TRIGGER identity_is_one BEFORE INSERT ON identity
WHEN EXISTS (SELECT 1 FROM identity)
BEGIN SELECT raise(ABORT, 'a journal keeps its lane'); END;
CREATE TRIGGER head_is_later BEFORE INSERT ON head
WHEN NEW.seq <= (SELECT max(seq) FROM head WHERE epoch = NEW.epoch)
BEGIN SELECT raise(ABORT, 'a signed head stays'); END;
CREATE TRIGGER compatibility_is_one BEFORE INSERT ON compatibility
WHEN EXISTS (SELECT 1 FROM compatibility)
BEGIN SELECT raise(ABORT, 'what a format is stays'); END;
CREATE TRIGGER compatibility_is_not_changed BEFORE UPDATE ON compatibility
BEGIN SELECT raise(ABORT, 'what a format is stays'); END;
CREATE TRIGGER compatibility_is_not_deleted BEFORE DELETE ON compatibility
BEGIN SELECT raise(ABORT, 'what a format is stays'); END;
