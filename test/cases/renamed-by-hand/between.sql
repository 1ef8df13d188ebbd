CREATE TABLE public.before AS SELECT name, name::regclass::oid AS oid FROM unnest('{proxy.orders,shop.orders,shop.totals,shop.orders_id_idx,shop.totals_idx}'::text[]) AS name;
ALTER FOREIGN TABLE proxy.orders RENAME TO orders_x;
ALTER MATERIALIZED VIEW shop.orders RENAME TO sales;
ALTER INDEX shop.orders_id_idx RENAME TO by_id;
CREATE VIEW public.of_others AS SELECT * FROM shop.sales;
COMMENT ON MATERIALIZED VIEW shop.sales IS 'kept';
