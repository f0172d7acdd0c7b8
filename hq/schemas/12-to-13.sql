-- From version 12 to version 13: pictures of goods.

-- Pictures of goods as lanes get them, by their SHA-256; whose they are stands in entity.
CREATE TABLE picture_file (
    sha256 TEXT PRIMARY KEY,
    bytes  BLOB NOT NULL        -- a JPEG
) STRICT, WITHOUT ROWID;
CREATE TABLE picture_use (
    sku    TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX picture_use_sha256 ON picture_use (sha256);
