CREATE SCHEMA shop;
CREATE TABLE shop.orders (id bigint CONSTRAINT orders_key PRIMARY KEY, customer_id bigint NOT NULL) WITH (fillfactor = 80);
CREATE INDEX orders_customer ON shop.orders (customer_id);
INSERT INTO shop.orders VALUES (1, 2), (-1, 1);
CREATE VIEW public.over AS SELECT * FROM shop.orders;
