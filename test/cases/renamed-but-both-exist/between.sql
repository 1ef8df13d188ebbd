CREATE FOREIGN TABLE proxy.orders (id bigint) SERVER shop;
