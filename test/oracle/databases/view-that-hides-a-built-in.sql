CREATE FUNCTION public.upper(varchar) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'ours' $$;
CREATE FUNCTION public.concat(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'ours too' $$;
CREATE TABLE public.t (a varchar, b text);
-- exported:
CREATE MATERIALIZED VIEW public.v AS SELECT pg_catalog.upper(a) AS built_in, upper(a) AS ours, pg_catalog.concat(a, b) AS c, concat(b, b) AS d FROM t;
CREATE INDEX v_idx ON public.v (pg_catalog.upper(built_in));
