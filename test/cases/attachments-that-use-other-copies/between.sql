CREATE TABLE public.theirs (id int);
CREATE POLICY known ON public.theirs USING (id IN (SELECT id FROM shop.ids));
ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY known ON shop.orders USING (id IN (SELECT id FROM shop.ids));
CREATE RULE known AS ON INSERT TO shop.orders WHERE NEW.id IN (SELECT id FROM shop.others) DO INSTEAD NOTHING;
ALTER EXTENSION postgres_fdw ADD MATERIALIZED VIEW shop.packed;
