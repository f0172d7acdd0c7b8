-- From version 1 to version 2: sales by the pack.
ALTER TABLE sale_line ADD COLUMN unit TEXT NOT NULL DEFAULT '';
ALTER TABLE sale_line ADD COLUMN factor INTEGER NOT NULL DEFAULT 1;
