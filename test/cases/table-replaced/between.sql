CREATE VIEW public.big AS SELECT id, customer_id FROM shop.orders WHERE id > 10;
CREATE INDEX by_customer ON shop.orders (customer_id);
ALTER TABLE shop.orders ADD CONSTRAINT positive CHECK (id > 0), ADD CONSTRAINT one UNIQUE (customer_id, id);
COMMENT ON CONSTRAINT positive ON shop.orders IS 'kept';
GRANT SELECT ON shop.orders TO PUBLIC;
COMMENT ON COLUMN shop.orders.total IS 'with tax';
CREATE FUNCTION public.log() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER log AFTER UPDATE ON shop.orders FOR EACH STATEMENT EXECUTE FUNCTION public.log();
