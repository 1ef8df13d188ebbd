CREATE OR REPLACE VIEW reports.led AS SELECT number FROM shop.numbers;
REFRESH MATERIALIZED VIEW shop.counted;
