CREATE VIEW public.given AS SELECT id, total FROM proxy.orders; ALTER VIEW public.given ALTER COLUMN total SET DEFAULT 'n/a';
CREATE VIEW public.ruled AS SELECT id, total FROM proxy.orders; CREATE RULE loud AS ON INSERT TO public.ruled DO INSTEAD SELECT upper(new.total);
CREATE FUNCTION public.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE VIEW public.watched AS SELECT id, total FROM proxy.orders;
CREATE TRIGGER "on long" INSTEAD OF INSERT ON public.watched FOR EACH ROW EXECUTE FUNCTION public.noted();
