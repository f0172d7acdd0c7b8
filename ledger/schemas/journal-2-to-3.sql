-- From format 2 to format 3.
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
