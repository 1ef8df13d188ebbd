CREATE SCHEMA reports;
CREATE VIEW reports.ruled AS SELECT 1 AS id;
CREATE RULE through AS ON INSERT TO reports.ruled DO INSTEAD SELECT count(*) FROM shop.orders;
CREATE VIEW reports.rows AS SELECT o, o.id FROM shop.orders o;
CREATE VIEW reports.fine AS SELECT id FROM shop.orders;
