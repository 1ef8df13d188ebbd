CREATE SCHEMA reports;
CREATE VIEW reports.led AS SELECT number FROM shop.one; CREATE VIEW reports.top AS SELECT number FROM reports.led;
