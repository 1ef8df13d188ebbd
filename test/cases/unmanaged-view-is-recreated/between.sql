CREATE SCHEMA reports AUTHORIZATION case_owner;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO "Case ""Reader""";
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM "Case ""Reader""";
CREATE TABLE public.journal (what text); GRANT ALL ON public.journal TO case_owner;
-- Its column is retyped, and so is that of the view above it. A view of a text and one over both stay as they are.
CREATE VIEW reports.base WITH (security_barrier) AS SELECT id, total FROM shop.sales;
CREATE VIEW reports."Top % one" AS SELECT b.total, b.id FROM reports.base b WHERE b.total > 10;
CREATE VIEW reports.direct AS SELECT total FROM proxy.orders;
CREATE VIEW reports.texts AS SELECT id, total::text AS total FROM shop.sales;
CREATE VIEW reports.counted AS SELECT count(*) AS count, (SELECT max(length(total)) FROM reports.texts) AS longest FROM reports."Top % one";
ALTER VIEW reports.base OWNER TO case_owner; ALTER VIEW reports."Top % one" OWNER TO case_owner;
ALTER VIEW reports.texts OWNER TO case_owner; ALTER VIEW reports.counted OWNER TO case_owner;
GRANT USAGE ON SCHEMA reports TO case_reader; GRANT SELECT ON shop.sales TO case_owner; GRANT USAGE ON SCHEMA shop TO case_owner;
GRANT SELECT ON reports.base TO case_reader WITH GRANT OPTION;
SET ROLE case_reader; GRANT SELECT ON reports.base TO case_lead; RESET ROLE;
GRANT SELECT (total) ON reports.base TO PUBLIC;
REVOKE INSERT ON reports.base FROM case_owner;
GRANT SELECT ON reports.counted TO case_reader;
COMMENT ON VIEW reports.base IS 'It''s theirs'; COMMENT ON COLUMN reports.base.total IS 'in all';
ALTER VIEW reports.base ALTER COLUMN total SET DEFAULT 5;
CREATE FUNCTION reports.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.journal VALUES ('inserted ' || NEW.total); RETURN NEW; END $$;
CREATE TRIGGER "on insert" INSTEAD OF INSERT ON reports.base FOR EACH ROW EXECUTE FUNCTION reports.note();
COMMENT ON TRIGGER "on insert" ON reports.base IS 'notes it';
CREATE RULE "on delete" AS ON DELETE TO reports.base DO INSTEAD INSERT INTO public.journal SELECT 'deleted of ' || count(*) FROM shop.sales;
COMMENT ON RULE "on delete" ON reports.base IS 'only notes it';
CREATE TABLE public.before AS
  SELECT c.oid::regclass::text AS name, c.oid, relacl, reloptions, pg_get_userbyid(relowner) AS owner,
         (SELECT array_agg(attacl::text ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0) AS columns
    FROM pg_class c WHERE relnamespace = 'reports'::regnamespace AND relkind = 'v';
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO case_lead;
