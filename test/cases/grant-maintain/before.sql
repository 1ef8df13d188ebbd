CREATE EXTENSION postgres_fdw; CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{{SOURCE_HOST}}', port '{{SOURCE_PORT}}', dbname '{{SOURCE_DATABASE}}');
CREATE SCHEMA proxy; CREATE SCHEMA shop; CREATE USER MAPPING FOR PUBLIC SERVER shop OPTIONS (user '{{SOURCE_USER}}', password '{{SOURCE_PASSWORD}}');
CREATE FOREIGN TABLE proxy.orders (id bigint, total numeric(10,2)) SERVER shop OPTIONS (schema_name 'public', table_name 'orders');
CREATE MATERIALIZED VIEW shop.orders AS SELECT id, total FROM proxy.orders; GRANT SELECT ON shop.orders TO case_reader;
