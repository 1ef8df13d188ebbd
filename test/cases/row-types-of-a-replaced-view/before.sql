CREATE EXTENSION postgres_fdw; CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw; CREATE SCHEMA proxy; CREATE SCHEMA shop;
CREATE FOREIGN TABLE proxy.orders (id bigint, total numeric(10,2)) SERVER shop OPTIONS (schema_name 'public');
CREATE MATERIALIZED VIEW shop.m AS SELECT id FROM proxy.orders WITH NO DATA;
CREATE FOREIGN TABLE proxy.typed (w shop.m, many shop.m[]) SERVER shop;
