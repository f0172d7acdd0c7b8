
-- Which picture goods have, by item code; the files lie beside, by their names.
CREATE TABLE picture (
    sku    TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    bytes  INTEGER NOT NULL,
    body   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- The version at which pictures of goods last became others.
ALTER TABLE state ADD COLUMN pictures_version INTEGER NOT NULL DEFAULT 0;
