CREATE VIEW public.people AS SELECT count(*) AS count FROM proxy.orders;
CREATE FUNCTION public.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER two AFTER INSERT ON proxy.unread FOR EACH ROW EXECUTE FUNCTION public.noted();
COMMENT ON FOREIGN TABLE proxy.orders IS 'theirs';
