CREATE EXTENSION postgres_fdw; CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw; CREATE SCHEMA proxy;
CREATE FOREIGN TABLE proxy.orders (id int, total numeric(10,2)) SERVER shop OPTIONS (schema_name 'public');
CREATE FOREIGN TABLE proxy.holder (w proxy.orders, many proxy.orders[]) SERVER shop;
CREATE FOREIGN TABLE proxy.unread (w proxy.orders) SERVER shop;
CREATE FOREIGN TABLE proxy.not_stored (id int) SERVER shop;
CREATE VIEW public.not_stored AS SELECT t AS whole FROM proxy.not_stored t;
