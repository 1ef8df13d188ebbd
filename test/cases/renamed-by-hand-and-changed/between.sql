ALTER FOREIGN TABLE proxy.orders RENAME TO orders_x;
ALTER MATERIALIZED VIEW shop.orders RENAME TO sales;
ALTER SERVER shop RENAME TO store;
ALTER INDEX shop.orders_id_idx RENAME TO by_id;
