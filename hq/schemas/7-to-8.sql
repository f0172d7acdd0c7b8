-- From version 7 to version 8: what an item was sold at, for struck prices.
CREATE INDEX sale_line_item ON sale_line (store, sku);

-- Whose label somebody has in hand.
CREATE INDEX entity_label ON entity (key) WHERE kind = 'label';
