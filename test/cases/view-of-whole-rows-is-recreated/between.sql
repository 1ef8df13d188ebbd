CREATE VIEW public.rows AS SELECT o AS whole, o.total FROM proxy.orders o;
