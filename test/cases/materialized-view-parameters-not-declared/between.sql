ALTER MATERIALIZED VIEW shop.orders SET (fillfactor = 60);
