CREATE INDEX by_total ON local.orders (total);
CREATE STATISTICS public.of_view ON id, total FROM local.orders;
COMMENT ON MATERIALIZED VIEW local.orders IS 'theirs'; COMMENT ON COLUMN local.orders.total IS 'theirs';
CREATE FUNCTION public.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER noted AFTER UPDATE ON proxy.orders FOR EACH ROW EXECUTE FUNCTION public.noted();
CREATE STATISTICS public.of_table ON id, total FROM proxy.orders;
GRANT SELECT ON proxy.orders TO case_lead; GRANT UPDATE (total) ON proxy.orders TO case_reader;
