CREATE VIEW shop.totals AS SELECT sum(total) FROM shop.orders;
ALTER TABLE shop.orders ADD CONSTRAINT positive CHECK (id > 0);
ALTER TABLE shop.other_key DROP CONSTRAINT other_key_pkey;
