CREATE EXTENSION pg_trgm;
CREATE MATERIALIZED VIEW public.v AS SELECT 'x'::text AS a;
CREATE INDEX v_idx ON public.v USING gist (a gist_trgm_ops (siglen = 32));
