CREATE MATERIALIZED VIEW public.v AS SELECT 1 AS a, 2 AS b;
CREATE STATISTICS public.v_ab (ndistinct, dependencies) ON a, b FROM public.v;
COMMENT ON STATISTICS public.v_ab IS 'they go together';
