CREATE EXTENSION postgres_fdw SCHEMA public;
CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{{SOURCE_HOST}}', port '{{SOURCE_PORT}}', dbname '{{SOURCE_DATABASE}}'); CREATE USER MAPPING FOR PUBLIC SERVER shop OPTIONS (user '{{SOURCE_USER}}', password '{{SOURCE_PASSWORD}}'); CREATE SCHEMA proxy; CREATE SCHEMA shop;
CREATE FOREIGN TABLE proxy.orders (id bigint, customer_id bigint, total numeric(10,2), placed_at timestamptz) SERVER shop OPTIONS (schema_name 'public', table_name 'orders');
CREATE MATERIALIZED VIEW shop.orders AS SELECT id, customer_id, total FROM proxy.orders; CREATE INDEX a ON shop.orders USING btree (id ASC NULLS LAST);
