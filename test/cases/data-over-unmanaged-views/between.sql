-- The chain is f → unmanaged view → managed view → unmanaged view → unmanaged data, and a view over that which stays as it is.
CREATE OR REPLACE VIEW reports.base WITH (security_barrier) AS SELECT o.id, o.total, o.total > 10 AS large FROM proxy.orders o;
REFRESH MATERIALIZED VIEW shop.sales;
GRANT USAGE ON SCHEMA shop TO case_owner;
CREATE TABLE public.journal (what text); GRANT ALL ON public.journal TO case_owner;
GRANT SELECT ON reports.base TO case_reader WITH GRANT OPTION; GRANT USAGE ON SCHEMA reports TO case_reader;
SET ROLE case_reader; GRANT SELECT ON reports.base TO case_lead; RESET ROLE;
ALTER VIEW reports.base ALTER COLUMN total SET DEFAULT 5;
CREATE RULE "on delete" AS ON DELETE TO reports.base DO INSTEAD INSERT INTO public.journal SELECT 'deleted of ' || count(*) FROM shop.sales;
COMMENT ON RULE "on delete" ON reports.base IS 'only notes it';
SET ROLE case_owner;
CREATE VIEW reports.above AS SELECT id, total * 2 AS twice, total AS once FROM shop.sales;
CREATE MATERIALIZED VIEW reports.copied AS SELECT max(twice) AS twice, max(once) AS once FROM reports.above;
CREATE UNIQUE INDEX copied_x ON reports.copied (twice);
CREATE VIEW reports.texts AS SELECT twice::text AS twice FROM reports.copied;
RESET ROLE; CREATE RULE up AS ON INSERT TO reports.base DO INSTEAD INSERT INTO public.journal SELECT count(*) FROM reports.above; SET ROLE case_owner;
-- No change reaches this one, but it has to release the view that is recreated.
CREATE MATERIALIZED VIEW reports.ids AS SELECT id FROM reports.above;
RESET ROLE;
