CREATE SCHEMA shop;
CREATE TABLE shop.orders (id bigint);
INSERT INTO shop.orders VALUES (1);
