-- From version 8 to version 9: deletions are forgotten in time.
-- The version of the reference when each day was first seen, UTC days since
-- 1970-01-01.
CREATE TABLE reference_day (
    day     BIGINT PRIMARY KEY,
    version BIGINT NOT NULL
);
-- Deleted rows up to this version are gone: a lane that is before it begins anew.
INSERT INTO counter VALUES ('deletions_forgotten', 0);
CREATE INDEX entity_deleted ON entity (version) WHERE body IS NULL;
