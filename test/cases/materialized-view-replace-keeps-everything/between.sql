GRANT SELECT ON shop.orders TO pg_monitor WITH GRANT OPTION; GRANT SELECT (id) ON shop.orders TO PUBLIC;
COMMENT ON MATERIALIZED VIEW shop.orders IS 'theirs'; COMMENT ON COLUMN shop.orders.id IS 'the id'; COMMENT ON INDEX shop.orders_id_idx IS 'index';
CREATE INDEX "Their % index" ON shop.orders (total DESC) WHERE total > 3; COMMENT ON INDEX shop."Their % index" IS 'theirs';
ALTER MATERIALIZED VIEW shop.orders ALTER COLUMN total SET STATISTICS 77, ALTER COLUMN total SET (n_distinct = 5), ALTER COLUMN total SET STORAGE PLAIN;
CREATE STATISTICS shop.their_statistics (dependencies) ON id, customer_id FROM shop.orders;
ALTER MATERIALIZED VIEW shop.orders CLUSTER ON orders_id_idx;
GRANT USAGE, CREATE ON SCHEMA shop TO case_reader; GRANT USAGE ON SCHEMA proxy TO case_reader; GRANT SELECT ON proxy.orders TO case_reader; ALTER MATERIALIZED VIEW shop.orders OWNER TO case_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT ALL ON TABLES TO "Case ""Reader""";
COMMENT ON TYPE shop.orders IS 'rows'; REVOKE USAGE ON TYPE shop.orders FROM PUBLIC; GRANT USAGE ON TYPE shop.orders TO pg_monitor WITH GRANT OPTION;
