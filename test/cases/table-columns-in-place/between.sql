CREATE VIEW public.totals AS SELECT sum(total) AS total FROM shop.drops;
CREATE INDEX by_customer ON shop.drops (id, customer_id);
ALTER TABLE shop.drops ADD CONSTRAINT sane CHECK (customer_id > 0);
ALTER TABLE shop.strange ADD COLUMN note text;
ALTER TABLE shop.missing DROP COLUMN total;
