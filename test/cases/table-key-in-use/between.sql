CREATE TABLE public.lines (order_id bigint REFERENCES shop.orders);
CREATE VIEW public.by_key AS SELECT id, total FROM shop.grouped GROUP BY id;
CREATE VIEW public.no_key AS SELECT id FROM shop.orders;
