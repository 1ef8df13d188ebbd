CREATE SCHEMA util;
CREATE TABLE util.rates (currency text PRIMARY KEY, rate numeric);
CREATE FUNCTION util.convert(numeric, text) RETURNS numeric LANGUAGE sql STABLE AS 'SELECT $1 * rate FROM util.rates WHERE currency = $2';
-- exported:
CREATE SCHEMA ext;
CREATE EXTENSION postgres_fdw SCHEMA ext;
CREATE EXTENSION file_fdw;
CREATE SERVER north FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{{SOURCE_HOST}}', port '{{SOURCE_PORT}}', dbname '{{SOURCE_DATABASE}}', use_remote_estimate 'true');
CREATE SERVER south FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{{SOURCE_HOST}}', port '{{SOURCE_PORT}}', dbname '{{SOURCE_DATABASE}}', async_capable 'true');
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE USER MAPPING FOR PUBLIC SERVER north OPTIONS (user '{{SOURCE_USER}}', password '{{SOURCE_PASSWORD}}');
CREATE USER MAPPING FOR CURRENT_USER SERVER south OPTIONS (user '{{SOURCE_USER}}', password '{{SOURCE_PASSWORD}}');
CREATE SCHEMA north;
CREATE SCHEMA south;
CREATE SCHEMA report;
CREATE FOREIGN TABLE north.orders (id bigint, customer_id bigint, total numeric(10,2)) SERVER north OPTIONS (schema_name 'public');
CREATE FOREIGN TABLE south.orders (id bigint, customer_id bigint, total numeric(10,2)) SERVER south OPTIONS (schema_name 'public');
CREATE FOREIGN TABLE report.imported (line text) SERVER files OPTIONS (program 'echo one', format 'text');
CREATE MATERIALIZED VIEW report.orders AS
  SELECT 'north'::text AS region, o.* FROM north.orders o UNION ALL SELECT 'south', o.* FROM south.orders o;
CREATE UNIQUE INDEX orders_key ON report.orders (region, id);
CREATE MATERIALIZED VIEW report.converted AS SELECT region, util.convert(sum(total), 'EUR') AS total FROM report.orders GROUP BY region;
CREATE MATERIALIZED VIEW report.lines AS SELECT line FROM report.imported WITH NO DATA;
