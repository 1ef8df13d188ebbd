CREATE VIEW public.report AS SELECT total FROM shop.orders;
