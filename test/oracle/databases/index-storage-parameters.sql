CREATE MATERIALIZED VIEW public.v AS SELECT 1 AS a, ARRAY[1] AS b;
CREATE INDEX v_idx ON public.v (a) WITH (fillfactor = 70, deduplicate_items = off);
CREATE INDEX v_gin ON public.v USING gin (b) WITH (fastupdate = off);
