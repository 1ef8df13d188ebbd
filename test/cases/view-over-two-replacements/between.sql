CREATE SCHEMA reports; CREATE VIEW reports.both AS SELECT a, b FROM shop.one, shop.two; COMMENT ON VIEW reports.both IS 'theirs';
