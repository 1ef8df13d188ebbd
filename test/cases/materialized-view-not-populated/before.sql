CREATE EXTENSION postgres_fdw SCHEMA public;
CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{{SOURCE_HOST}}', port '{{SOURCE_PORT}}', dbname '{{SOURCE_DATABASE}}'); CREATE USER MAPPING FOR PUBLIC SERVER shop OPTIONS (user '{{SOURCE_USER}}', password '{{SOURCE_PASSWORD}}'); CREATE SCHEMA proxy; CREATE SCHEMA shop;
CREATE FOREIGN TABLE proxy.orders (id bigint, customer_id bigint, total numeric(10,2), placed_at timestamptz) SERVER shop OPTIONS (schema_name 'public', table_name 'orders');
CREATE MATERIALIZED VIEW shop.wanted AS SELECT id FROM proxy.orders WITH NO DATA;
CREATE MATERIALIZED VIEW shop.unwanted AS SELECT id FROM proxy.orders WITH NO DATA; CREATE MATERIALIZED VIEW shop.kept AS SELECT id FROM proxy.orders;
