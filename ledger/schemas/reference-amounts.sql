
-- Goods by what they cost, minor units: their own price, and those of price lists.
CREATE INDEX product_by_amount ON product (iif(json_valid(body), json_extract(body, '$.price'), NULL), sku);
CREATE INDEX price_by_amount ON price (iif(json_valid(body), json_extract(body, '$.price'), NULL), sku);
-- By how much the lane's clock was ahead of HQ's when HQ last answered, milliseconds.
ALTER TABLE state ADD COLUMN apart_ms INTEGER;
