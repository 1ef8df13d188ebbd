CREATE VIEW public.report AS SELECT total FROM shop.orders; CREATE VIEW public.other AS SELECT id FROM shop.orders;
