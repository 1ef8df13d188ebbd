CREATE VIEW public.through AS SELECT to_jsonb(a) AS j FROM proxy.added a;
CREATE MATERIALIZED VIEW public.own AS SELECT to_jsonb(a) AS j FROM proxy.added a;
CREATE MATERIALIZED VIEW shop.through AS SELECT j FROM public.through;
CREATE MATERIALIZED VIEW public.above AS SELECT count(*) AS n FROM shop.json;
CREATE VIEW public.plain AS SELECT j FROM shop.json;
CREATE FUNCTION public.rows() RETURNS SETOF proxy.added LANGUAGE sql AS 'SELECT * FROM proxy.added';
CREATE MATERIALIZED VIEW shop.called AS SELECT to_jsonb(r) AS j FROM public.rows() r;
