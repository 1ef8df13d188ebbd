CREATE VIEW public.report AS SELECT total FROM proxy.orders;
