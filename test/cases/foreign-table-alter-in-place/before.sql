CREATE EXTENSION postgres_fdw SCHEMA public;
CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{{SOURCE_HOST}}', port '{{SOURCE_PORT}}', dbname '{{SOURCE_DATABASE}}'); CREATE USER MAPPING FOR PUBLIC SERVER shop OPTIONS (user '{{SOURCE_USER}}', password '{{SOURCE_PASSWORD}}'); CREATE SCHEMA proxy; CREATE SCHEMA shop;
CREATE FOREIGN TABLE proxy.orders (gone int, id int NOT NULL, customer_id bigint OPTIONS (column_name 'x'), total numeric(10,2) DEFAULT 1,
  placed_at timestamptz, CHECK (id > 5), CONSTRAINT old CHECK (id > 7)) SERVER shop OPTIONS (table_name 'other', use_remote_estimate 'true');
COMMENT ON COLUMN proxy.orders.id IS 'kept'; COMMENT ON FOREIGN TABLE proxy.orders IS 'kept too';
