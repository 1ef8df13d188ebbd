ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY large ON shop.orders FOR SELECT TO pg_monitor, public USING (total > 10);
COMMENT ON POLICY large ON shop.orders IS 'for most';
CREATE POLICY fewer ON shop.orders AS RESTRICTIVE FOR UPDATE USING (id > 0) WITH CHECK (id < 1000);
CREATE PUBLICATION changes FOR TABLE shop.orders;
ALTER TABLE shop.orders REPLICA IDENTITY FULL;
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 150000 THEN EXECUTE 'ALTER PUBLICATION changes SET TABLE shop.orders (id, total) WHERE (id > 5)'; END IF;
END $$;
