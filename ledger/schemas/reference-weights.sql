-- What pieces of goods weigh on bagging scales, as HQ tells it, by item code and unit.
CREATE TABLE weight (key TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
