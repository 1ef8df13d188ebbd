CREATE EXTENSION postgres_fdw;
CREATE SERVER "old one" FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{{SOURCE_HOST}}', port '{{SOURCE_PORT}}', dbname '{{SOURCE_DATABASE}}');
CREATE SCHEMA proxy;
CREATE SCHEMA shop;
CREATE FOREIGN TABLE proxy.before (id bigint, "old col" numeric(10,2) OPTIONS (column_name 'total')) SERVER "old one" OPTIONS (schema_name 'public', table_name 'orders');
CREATE MATERIALIZED VIEW shop.before AS SELECT id, "old col" AS total FROM proxy.before WITH NO DATA;
CREATE INDEX before_idx ON shop.before (id);
