ALTER SERVER shop OPTIONS (SET fetch_size '5', SET keepalives '0');
ALTER FOREIGN TABLE proxy.orders ALTER COLUMN placed_at SET NOT NULL;
ALTER FOREIGN TABLE proxy.orders ALTER COLUMN customer_id TYPE integer;
COMMENT ON INDEX shop.orders_id_idx IS 'by hand';
ALTER MATERIALIZED VIEW shop.orders RENAME sum TO price;
