CREATE OR REPLACE VIEW reports.led AS SELECT number FROM shop.numbers;
CREATE FUNCTION reports.highest() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT max(number) FROM reports.led; END;
REFRESH MATERIALIZED VIEW shop.both;
