CREATE VIEW public.report WITH (security_barrier = true) AS SELECT total, 'shop.orders' AS text, orders.id FROM shop.orders WHERE total > 0;
ALTER VIEW public.report RENAME COLUMN total TO "Sum"; COMMENT ON VIEW public.report IS 'theirs'; COMMENT ON COLUMN public.report."Sum" IS 'the sum';
GRANT SELECT ON public.report TO case_reader; GRANT USAGE, CREATE ON SCHEMA public TO case_owner; ALTER VIEW public.report OWNER TO case_owner;
GRANT SELECT ON shop.orders TO case_owner; GRANT USAGE ON SCHEMA shop TO case_owner;
ALTER VIEW public.report ALTER COLUMN "Sum" SET DEFAULT 7;
CREATE FUNCTION public.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER instead INSTEAD OF INSERT ON public.report FOR EACH ROW EXECUTE FUNCTION public.nothing();
-- Reads it twice, and the table below it as well.
CREATE VIEW public.above AS SELECT r."Sum", o.id, (SELECT count(*) FROM proxy.orders) AS count FROM public.report r JOIN shop.orders o USING (id);
CREATE MATERIALIZED VIEW public.far AS SELECT count FROM public.above LIMIT 1;
