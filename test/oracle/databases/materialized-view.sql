{{SHOP}}
CREATE SCHEMA proxy;
CREATE SCHEMA shop;
CREATE FOREIGN TABLE proxy.orders (id bigint, customer_id bigint, total numeric(10,2)) SERVER shop OPTIONS (schema_name 'public');
CREATE MATERIALIZED VIEW shop.orders AS SELECT * FROM proxy.orders;
COMMENT ON MATERIALIZED VIEW shop.orders IS 'a copy';
CREATE MATERIALIZED VIEW shop.totals (who, "What") AS
  WITH t AS (SELECT customer_id, sum(total) AS s FROM shop.orders GROUP BY 1) SELECT customer_id, s FROM t WHERE s > 3;
CREATE MATERIALIZED VIEW shop.empty WITH (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false) AS
  SELECT 1 AS one, E'two\n  lines ${x}' AS two WITH NO DATA;
