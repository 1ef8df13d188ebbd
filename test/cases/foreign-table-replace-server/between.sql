GRANT SELECT ON proxy.orders TO case_reader; GRANT SELECT (id) ON proxy.orders TO PUBLIC; COMMENT ON FOREIGN TABLE proxy.orders IS 'theirs';
