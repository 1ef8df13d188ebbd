CREATE COLLATION public.ours (provider = libc, locale = 'C');
CREATE COLLATION public."C" (provider = libc, locale = 'POSIX');
-- exported:
{{SHOP}}
CREATE FOREIGN TABLE public.t (a text COLLATE "C", b text COLLATE public.ours, c text COLLATE public."C", d name, e text COLLATE "default", f text[] COLLATE "C") SERVER shop;
CREATE MATERIALIZED VIEW public.v AS SELECT a, b, c, e COLLATE "POSIX" AS e FROM public.t WITH NO DATA;
CREATE INDEX v_idx ON public.v (a, b, c COLLATE "default", e COLLATE "POSIX", (a || b) COLLATE public.ours);
