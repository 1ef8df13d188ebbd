CREATE SCHEMA shop;
CREATE MATERIALIZED VIEW shop.valued (a, b) AS VALUES (1, 'x'), (2, 'y');
