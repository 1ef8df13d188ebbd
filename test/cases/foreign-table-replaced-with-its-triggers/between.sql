CREATE FUNCTION public.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER "On % insert" BEFORE INSERT ON proxy.orders FOR EACH ROW WHEN (NEW.total > 0) EXECUTE FUNCTION public.noted('100%');
CREATE TRIGGER off AFTER UPDATE OF id ON proxy.orders FOR EACH STATEMENT EXECUTE FUNCTION public.noted();
CREATE TRIGGER always AFTER DELETE ON proxy.orders FOR EACH ROW EXECUTE FUNCTION public.noted();
ALTER FOREIGN TABLE proxy.orders DISABLE TRIGGER off; ALTER FOREIGN TABLE proxy.orders ENABLE ALWAYS TRIGGER always;
COMMENT ON TRIGGER "On % insert" ON proxy.orders IS 'It''s theirs';
CREATE SCHEMA theirs; CREATE STATISTICS theirs.both (mcv) ON id, customer_id FROM proxy.orders; COMMENT ON STATISTICS theirs.both IS 'so there';
ALTER STATISTICS theirs.both OWNER TO case_owner; ALTER STATISTICS theirs.both SET STATISTICS 33;
CREATE TABLE public.before AS SELECT tgname, tgenabled, pg_get_triggerdef(oid) AS definition, obj_description(oid) AS comment FROM pg_trigger WHERE tgrelid = 'proxy.orders'::regclass;
