CREATE OR REPLACE VIEW reports.led AS SELECT number FROM shop.numbers; COMMENT ON VIEW reports.led IS 'theirs'; GRANT SELECT ON reports.led TO case_reader;
REFRESH MATERIALIZED VIEW shop.both;
CREATE VIEW reports.above AS SELECT number FROM reports.top;
CREATE MATERIALIZED VIEW reports.theirs AS SELECT (SELECT count(*) FROM shop.numbers) AS direct, (SELECT count(*) FROM reports.above) AS through;
