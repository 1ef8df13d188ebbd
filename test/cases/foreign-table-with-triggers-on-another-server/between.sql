CREATE FUNCTION public.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER noted AFTER INSERT ON proxy.orders FOR EACH ROW EXECUTE FUNCTION public.noted();
CREATE STATISTICS public.both ON id, customer_id FROM proxy.orders;
