-- From version 11 to version 12: deletions are forgotten in time.
-- The version of the reference when each day was first seen, UTC days since
-- 1970-01-01.
CREATE TABLE reference_day (
    day     INTEGER PRIMARY KEY,
    version INTEGER NOT NULL
) STRICT;
-- Deleted rows up to this version are gone: a lane that is before it begins anew.
INSERT INTO counter VALUES ('deletions_forgotten', 0);
CREATE INDEX entity_deleted ON entity (version) WHERE body IS NULL;
