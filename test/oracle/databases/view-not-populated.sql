{{SHOP}}
CREATE FOREIGN TABLE public.orders (id bigint) SERVER shop OPTIONS (schema_name 'public');
CREATE MATERIALIZED VIEW public.full_one AS SELECT id FROM public.orders;
CREATE MATERIALIZED VIEW public.empty_one AS SELECT id FROM public.orders WITH NO DATA;
CREATE UNIQUE INDEX empty_one_idx ON public.empty_one (id);
