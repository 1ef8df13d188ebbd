CREATE POLICY large ON shop.orders USING (total > 10);
CREATE RULE off AS ON DELETE TO shop.orders WHERE old.total > 10 DO INSTEAD NOTHING;
CREATE FUNCTION public.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER noted BEFORE UPDATE OF total ON shop.orders FOR EACH ROW EXECUTE FUNCTION public.noted();
CREATE TRIGGER kept BEFORE UPDATE ON shop.orders FOR EACH ROW EXECUTE FUNCTION public.noted();
CREATE INDEX by_total ON shop.orders (total);
