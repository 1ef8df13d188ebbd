CREATE VIEW shop.totals AS SELECT sum(total) FROM shop.orders;
ALTER TABLE shop.orders ADD CONSTRAINT positive CHECK (id > 0);
ALTER TABLE shop.other_key DROP CONSTRAINT other_key_pkey;
ALTER TABLE shop.deferred_key DROP CONSTRAINT deferred_key_pkey, ADD CONSTRAINT deferred_key_pkey PRIMARY KEY (id) DEFERRABLE;
