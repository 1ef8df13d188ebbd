DROP MATERIALIZED VIEW shop.orders; CREATE TABLE shop.orders (x int);
