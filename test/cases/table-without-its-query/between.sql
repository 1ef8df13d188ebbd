CREATE VIEW public.over AS SELECT id FROM shop.orders;
GRANT SELECT ON shop.orders TO pg_monitor;
DROP FOREIGN TABLE proxy.orders CASCADE;
