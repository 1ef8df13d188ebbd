CREATE TABLE public.before AS SELECT name, name::regclass::oid AS oid FROM unnest('{proxy.orders,shop.orders,shop.totals,shop.orders_id_idx,shop.totals_idx}'::text[]) AS name;
ALTER SCHEMA proxy RENAME TO proxy_x;
ALTER SCHEMA shop RENAME TO shop_x;
ALTER SERVER shop RENAME TO store;
ALTER FOREIGN TABLE proxy_x.orders OPTIONS (ADD fetch_size '7');
ALTER MATERIALIZED VIEW shop_x.totals RENAME TO sums;
