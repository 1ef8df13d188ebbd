GRANT SELECT ON shop.orders, shop.customers TO pg_monitor;
COMMENT ON MATERIALIZED VIEW shop.orders IS 'by hand';
CREATE INDEX orders_by_hand ON shop.orders (id DESC);
CREATE VIEW public.over AS SELECT o.id, c.customer_id FROM shop.orders o, shop.customers c;
CREATE FUNCTION public.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER noted AFTER INSERT ON shop.customers FOR EACH STATEMENT EXECUTE FUNCTION public.noted();
ALTER TABLE shop.customers ADD CONSTRAINT positive CHECK (customer_id > 0);
ALTER TABLE shop.customers ENABLE ROW LEVEL SECURITY;
COMMENT ON CONSTRAINT customers_pkey ON shop.customers IS 'by hand';
