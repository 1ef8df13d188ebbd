CREATE PUBLICATION logged FOR TABLE shop.published;
ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY large ON shop.orders FOR SELECT TO pg_monitor, public USING (total > 10);
COMMENT ON POLICY large ON shop.orders IS 'for most';
CREATE POLICY fewer ON shop.orders AS RESTRICTIVE FOR UPDATE USING (id > 0) WITH CHECK (id < 1000);
CREATE PUBLICATION changes FOR TABLE shop.orders;
ALTER TABLE shop.orders REPLICA IDENTITY FULL;
CREATE SEQUENCE shop.numbers OWNED BY shop.orders.id;
ALTER TABLE shop.orders ALTER total SET DEFAULT 1, ALTER id SET DEFAULT nextval('shop.numbers'),
  ADD CONSTRAINT positive CHECK (total > 0), ADD CONSTRAINT pair UNIQUE (total, id), ADD CONSTRAINT by_type CHECK (customer_id > 0);
ALTER INDEX shop.orders_pkey SET (fillfactor = 60);
ALTER INDEX shop.pair SET (fillfactor = 70);
ALTER TABLE shop.orders CLUSTER ON pair;
ALTER TABLE shop.orders ADD CONSTRAINT itself FOREIGN KEY (total, id) REFERENCES shop.orders (total, id) DEFERRABLE;
COMMENT ON CONSTRAINT orders_pkey ON shop.orders IS 'key';
COMMENT ON CONSTRAINT positive ON shop.orders IS 'check';
COMMENT ON CONSTRAINT pair ON shop.orders IS 'unique';
COMMENT ON INDEX shop.pair IS 'index';
CREATE RULE off AS ON DELETE TO shop.orders DO INSTEAD NOTHING;
ALTER TABLE shop.orders DISABLE RULE off;
CREATE TABLE shop.parent (id bigint);
ALTER TABLE shop.orders INHERIT shop.parent;
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 150000 THEN EXECUTE 'ALTER PUBLICATION changes SET TABLE shop.orders (id, total) WHERE (id > 5)'; END IF;
  IF current_setting('server_version_num')::int >= 180000 THEN EXECUTE 'ALTER TABLE shop.orders RENAME CONSTRAINT orders_id_not_null TO known; COMMENT ON CONSTRAINT known ON shop.orders IS ''100 %'''; END IF;
END $$;
COMMENT ON TYPE shop.orders IS 'rows'; REVOKE USAGE ON TYPE shop.orders FROM PUBLIC; GRANT USAGE ON TYPE shop.orders TO pg_monitor WITH GRANT OPTION;
