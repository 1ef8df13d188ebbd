CREATE VIEW reports.led AS SELECT number FROM shop.numbers; CREATE OR REPLACE VIEW reports.top AS SELECT number FROM reports.led;
REFRESH MATERIALIZED VIEW shop.through; REFRESH MATERIALIZED VIEW shop.over;
CREATE MATERIALIZED VIEW reports.theirs AS SELECT count(*) AS count FROM reports.led;
