CREATE EXTENSION hstore;
CREATE SCHEMA reports;
CREATE VIEW reports.of_extension AS SELECT id FROM shop.orders;
ALTER EXTENSION hstore ADD VIEW reports.of_extension;
