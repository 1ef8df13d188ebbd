CREATE VIEW public.people AS SELECT count(*) AS count FROM proxy.orders;
COMMENT ON FOREIGN TABLE proxy.orders IS 'theirs';
