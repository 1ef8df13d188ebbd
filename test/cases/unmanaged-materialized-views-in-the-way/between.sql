CREATE SCHEMA reports;
CREATE MATERIALIZED VIEW reports.summed AS SELECT sum(total) AS total FROM shop.orders;
CREATE MATERIALIZED VIEW reports.used AS SELECT id FROM shop.orders;
CREATE FUNCTION reports.first() RETURNS SETOF reports.used LANGUAGE sql AS 'SELECT * FROM reports.used LIMIT 1';
CREATE VIEW reports.retyped AS SELECT total FROM shop.orders;
CREATE MATERIALIZED VIEW reports.above AS SELECT total * 2 AS twice FROM reports.retyped;
