CREATE VIEW public.people AS SELECT count(*) AS count FROM shop.orders;
