CREATE EXTENSION postgres_fdw; CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw; CREATE SCHEMA proxy;
CREATE FOREIGN TABLE proxy.orders (id bigint, total numeric(10,2)) SERVER shop OPTIONS (schema_name 'public');
CREATE VIEW proxy.ids AS SELECT id FROM proxy.orders;
