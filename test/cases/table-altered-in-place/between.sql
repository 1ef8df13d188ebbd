CREATE VIEW shop.totals AS SELECT sum(total) FROM shop.orders;
ALTER TABLE shop.orders ADD CONSTRAINT positive CHECK (id > 0);
ALTER TABLE shop.other_key DROP CONSTRAINT other_key_pkey;
ALTER TABLE shop.deferred_key DROP CONSTRAINT deferred_key_pkey, ADD CONSTRAINT deferred_key_pkey PRIMARY KEY (id) DEFERRABLE;
ALTER TABLE shop.loosened ALTER total DROP NOT NULL;
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN EXECUTE 'ALTER TABLE shop.loosened ADD NOT NULL total NOT VALID'; END IF;
END $$;
