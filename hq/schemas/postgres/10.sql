-- From version 9 to version 10: pictures of goods.

-- Pictures of goods as lanes get them, by their SHA-256; whose they are stands in entity.
CREATE TABLE picture_file (
    sha256 TEXT COLLATE "C" PRIMARY KEY,
    bytes  BYTEA NOT NULL       -- a JPEG
);
CREATE TABLE picture_use (
    sku    TEXT COLLATE "C" PRIMARY KEY,
    sha256 TEXT COLLATE "C" NOT NULL
);
CREATE INDEX picture_use_sha256 ON picture_use (sha256);
