CREATE VIEW public.people AS SELECT id, total FROM proxy.orders;
