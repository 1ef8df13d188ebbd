CREATE SCHEMA reports AUTHORIZATION case_owner;
GRANT USAGE ON SCHEMA shop, proxy TO case_owner; GRANT USAGE ON SCHEMA reports TO case_reader;
GRANT SELECT ON proxy.orders TO case_owner;
-- Over a managed view, over a foreign table, over an unmanaged view, and one without data; then a plain and a managed view over one of them.
SET ROLE case_owner;
CREATE MATERIALIZED VIEW reports."By % customer" (customer, total) WITH (fillfactor = 70) AS SELECT o.customer_id, sum(o.total) FROM shop.orders o GROUP BY 1;
CREATE UNIQUE INDEX "The % key" ON reports."By % customer" (customer);
CREATE INDEX "By total" ON reports."By % customer" (round(total) DESC) WHERE total > 3;
ALTER INDEX reports."By total" ALTER COLUMN 1 SET STATISTICS 321;
COMMENT ON INDEX reports."The % key" IS 'one each';
ALTER MATERIALIZED VIEW reports."By % customer" CLUSTER ON "The % key";
CREATE STATISTICS reports.both ON customer, total FROM reports."By % customer";
COMMENT ON MATERIALIZED VIEW reports."By % customer" IS 'It''s theirs'; COMMENT ON COLUMN reports."By % customer".total IS 'in all';
ALTER MATERIALIZED VIEW reports."By % customer" ALTER COLUMN total SET STATISTICS 77, ALTER COLUMN total SET (n_distinct = 20), ALTER COLUMN total SET STORAGE PLAIN;
GRANT SELECT ON reports."By % customer" TO case_reader WITH GRANT OPTION; GRANT SELECT (customer) ON reports."By % customer" TO PUBLIC;
REVOKE TRUNCATE ON reports."By % customer" FROM case_owner;
CREATE MATERIALIZED VIEW reports.raw AS SELECT id, total FROM proxy.orders WHERE total > 100;
CREATE MATERIALIZED VIEW reports.best AS SELECT max(total) AS total FROM reports."By % customer";
CREATE MATERIALIZED VIEW reports.unfilled AS SELECT total FROM shop.orders WITH NO DATA;
CREATE VIEW reports.shown AS SELECT customer FROM reports."By % customer";
RESET ROLE;
CREATE INDEX elsewhere ON reports.raw (id) TABLESPACE case_space;
CREATE TABLE public.before AS
  SELECT c.oid::regclass::text AS name, c.oid, relacl, reloptions, relowner, relispopulated, pg_get_viewdef(c.oid) AS query,
         (SELECT array_agg((attname, attacl, attstattarget, attoptions, attstorage, col_description(c.oid, attnum))::text ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0) AS columns
    FROM pg_class c WHERE relnamespace = 'reports'::regnamespace AND relkind IN ('m', 'v');
