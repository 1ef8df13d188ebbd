CREATE SCHEMA ext;
CREATE EXTENSION citext SCHEMA ext;
CREATE EXTENSION hstore;
CREATE EXTENSION pg_trgm;
{{SHOP}}
CREATE FOREIGN TABLE public.customers (id bigint, name text, email ext.citext) SERVER shop;
CREATE FOREIGN TABLE public.attributes (id bigint, attributes hstore[]) SERVER shop;
CREATE MATERIALIZED VIEW public.c AS SELECT id, name, email FROM public.customers WHERE email <> 'x'::ext.citext;
CREATE INDEX c_name_idx ON public.c USING gin (name gin_trgm_ops);
