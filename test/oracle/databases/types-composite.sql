{{SHOP}}
CREATE SCHEMA shop;
CREATE TYPE shop.address AS (street text, zip integer);
CREATE FOREIGN TABLE shop.t (a shop.address) SERVER shop;
