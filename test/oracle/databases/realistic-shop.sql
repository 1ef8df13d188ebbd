{{SHOP}}
CREATE EXTENSION pg_trgm;
CREATE EXTENSION citext;
COMMENT ON SERVER shop IS 'the shop''s own database';
CREATE SCHEMA shop_proxy;
CREATE SCHEMA shop;
COMMENT ON SCHEMA shop IS 'copies of the shop''s tables';
CREATE FOREIGN TABLE shop_proxy.customers (id bigint NOT NULL, name text NOT NULL, email citext, joined_on date NOT NULL) SERVER shop OPTIONS (schema_name 'public', table_name 'customers');
CREATE FOREIGN TABLE shop_proxy.orders (id bigint NOT NULL, customer_id bigint NOT NULL, total numeric(10,2) NOT NULL, placed_at timestamptz NOT NULL, labels text[] OPTIONS (column_name 'tags'), data jsonb) SERVER shop OPTIONS (schema_name 'public', table_name 'orders', fetch_size '1000');
CREATE MATERIALIZED VIEW shop.customers AS SELECT * FROM shop_proxy.customers;
CREATE UNIQUE INDEX customers_pkey ON shop.customers (id);
CREATE INDEX customers_name_idx ON shop.customers USING gin (name gin_trgm_ops);
CREATE MATERIALIZED VIEW shop.orders AS SELECT * FROM shop_proxy.orders;
CREATE UNIQUE INDEX orders_pkey ON shop.orders (id);
CREATE INDEX orders_day_idx ON shop.orders (date_trunc('day', placed_at AT TIME ZONE 'UTC') DESC) INCLUDE (total) WHERE total > 0;
CREATE INDEX orders_data_idx ON shop.orders USING gin (data jsonb_path_ops);
CREATE MATERIALIZED VIEW shop.customer_totals AS
  SELECT c.id, c.name, c.email, count(o.*) AS orders, coalesce(sum(o.total), 0) AS total, max(o.placed_at) AS last_order
    FROM shop.customers c LEFT JOIN shop.orders o ON o.customer_id = c.id GROUP BY c.id, c.name, c.email;
CREATE UNIQUE INDEX customer_totals_pkey ON shop.customer_totals (id);
COMMENT ON MATERIALIZED VIEW shop.customer_totals IS 'What each customer has spent.';
