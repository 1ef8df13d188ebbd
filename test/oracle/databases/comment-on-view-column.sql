{{SHOP}}
CREATE FOREIGN TABLE public.t (a integer) SERVER shop;
CREATE MATERIALIZED VIEW public.v AS SELECT a FROM public.t WITH NO DATA;
COMMENT ON COLUMN public.v.a IS 'the column of a view';
