CREATE VIEW public.theirs AS SELECT s.id, o.old_amount FROM shop.old_sales s JOIN proxy.old_orders o USING (id);
CREATE TABLE public.before AS SELECT oid FROM pg_foreign_server WHERE srvname = 'old_shop';
