CREATE TABLE public.days (id bigint NOT NULL DEFAULT 3, day date, CONSTRAINT sane CHECK (id > 0)) PARTITION BY RANGE (day);
CREATE TABLE public.lands (land text, id bigint) PARTITION BY LIST (land);

CREATE TABLE public.other_days (day date, mark int NOT NULL, CONSTRAINT marked CHECK (mark > 0)) PARTITION BY RANGE (day);
CREATE EXTENSION postgres_fdw SCHEMA public;
CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{{SOURCE_HOST}}', port '{{SOURCE_PORT}}', dbname '{{SOURCE_DATABASE}}'); CREATE USER MAPPING FOR PUBLIC SERVER shop OPTIONS (user '{{SOURCE_USER}}', password '{{SOURCE_PASSWORD}}'); CREATE SCHEMA proxy;

CREATE FOREIGN TABLE proxy.attached (day date) SERVER shop OPTIONS (schema_name 'public', table_name 'orders');
CREATE FOREIGN TABLE proxy.bounded PARTITION OF days FOR VALUES FROM ('2024-01-01') TO ('2024-06-01') SERVER shop OPTIONS (schema_name 'public', table_name 'orders');
CREATE FOREIGN TABLE proxy.detached PARTITION OF days FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') SERVER shop OPTIONS (schema_name 'public', table_name 'orders');
CREATE FOREIGN TABLE proxy.equal PARTITION OF days FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') SERVER shop OPTIONS (schema_name 'public', table_name 'orders');
CREATE FOREIGN TABLE proxy.moved PARTITION OF days FOR VALUES FROM ('2027-01-01') TO ('2028-01-01') SERVER shop OPTIONS (schema_name 'public', table_name 'orders');
ALTER FOREIGN TABLE proxy.equal ALTER id DROP DEFAULT;
ALTER FOREIGN TABLE proxy.bounded ALTER id OPTIONS (ADD column_name 'x'), ALTER day OPTIONS (ADD column_name 'y');
