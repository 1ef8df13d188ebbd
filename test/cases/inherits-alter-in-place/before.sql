CREATE TABLE public.base (id bigint NOT NULL DEFAULT 4, total numeric(10,2), CONSTRAINT sane CHECK (id > 0));
CREATE TABLE public.other (mark text NOT NULL, id bigint, CONSTRAINT marked CHECK (mark <> ''));
CREATE EXTENSION postgres_fdw SCHEMA public;
CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{{SOURCE_HOST}}', port '{{SOURCE_PORT}}', dbname '{{SOURCE_DATABASE}}'); CREATE USER MAPPING FOR PUBLIC SERVER shop OPTIONS (user '{{SOURCE_USER}}', password '{{SOURCE_PASSWORD}}'); CREATE SCHEMA proxy;

CREATE FOREIGN TABLE proxy.joins (id int, note text, own int) SERVER shop OPTIONS (schema_name 'public', table_name 'orders');
CREATE FOREIGN TABLE proxy.moves (note text) INHERITS (base) SERVER shop OPTIONS (schema_name 'public', table_name 'orders');
CREATE FOREIGN TABLE proxy.leaves (note text) INHERITS (base) SERVER shop OPTIONS (schema_name 'public', table_name 'orders');
CREATE FOREIGN TABLE proxy.stays (note text) INHERITS (base) SERVER shop OPTIONS (schema_name 'public', table_name 'orders');
ALTER FOREIGN TABLE proxy.stays ALTER id DROP DEFAULT, ALTER total OPTIONS (ADD column_name 'x'), ADD CONSTRAINT extra CHECK (id > 5);
COMMENT ON COLUMN proxy.stays.id IS 'kept';
