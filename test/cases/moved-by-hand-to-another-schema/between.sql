CREATE TABLE public.before AS SELECT name, name::regclass::oid AS oid FROM unnest('{proxy.orders,shop.orders,shop.totals,shop.orders_id_idx,shop.totals_idx}'::text[]) AS name;
CREATE SCHEMA other;
ALTER FOREIGN TABLE proxy.orders SET SCHEMA other;
ALTER MATERIALIZED VIEW shop.orders RENAME TO sales; ALTER MATERIALIZED VIEW shop.sales SET SCHEMA other;
