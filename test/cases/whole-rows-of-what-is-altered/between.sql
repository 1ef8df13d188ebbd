CREATE VIEW public.through AS SELECT to_jsonb(a) AS j FROM proxy.added a;
CREATE MATERIALIZED VIEW public.own AS SELECT to_jsonb(a) AS j FROM proxy.added a;
CREATE MATERIALIZED VIEW shop.through AS SELECT j FROM public.through;
CREATE MATERIALIZED VIEW public.above AS SELECT count(*) AS n FROM shop.json;
CREATE VIEW public.plain AS SELECT j FROM shop.json;
