CREATE SCHEMA shop;
CREATE MATERIALIZED VIEW shop.orders AS SELECT g AS id, g % 7 AS day, g % 3 AS region, 'X' || g AS name FROM generate_series(1, 1000) g;
CREATE STATISTICS shop.same ON day, region, (id % 5) FROM shop.orders; ALTER STATISTICS shop.same SET STATISTICS 9;
CREATE STATISTICS shop.other ON day, id FROM shop.orders; COMMENT ON STATISTICS shop.other IS 'by hand';
CREATE STATISTICS shop.theirs ON region, id FROM shop.orders;
