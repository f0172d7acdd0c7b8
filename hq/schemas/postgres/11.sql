-- From version 10 to version 11: time passes for points; alarms and exceptions are told in pages.

-- When time next does something to a member's points: pending ones ripen, or points or a tier end.
CREATE TABLE points_due (
    member TEXT COLLATE "C" PRIMARY KEY,
    due_ms BIGINT NOT NULL
);
CREATE INDEX points_due_due ON points_due (due_ms, member);
-- Of no account it is known yet: each is looked at once.
INSERT INTO points_due SELECT owner, 0 FROM book WHERE kind = 'points' AND part = '' AND body <> '';

-- What people look at is told in pages, the newest first.
CREATE INDEX alarm_found ON alarm (found_at_ms DESC, store);
CREATE INDEX exception_found ON exception (found_at_ms DESC, store);
