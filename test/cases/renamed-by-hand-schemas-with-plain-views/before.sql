CREATE EXTENSION postgres_fdw; CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw; CREATE SCHEMA proxy; CREATE SCHEMA shop;
CREATE FOREIGN TABLE proxy.orders (id bigint, total numeric(10,2)) SERVER shop OPTIONS (schema_name 'public');
CREATE VIEW proxy.ids AS SELECT id FROM proxy.orders;
CREATE FUNCTION proxy.twice(bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT 2 * $1';
CREATE TYPE proxy.theirs AS (x int);
