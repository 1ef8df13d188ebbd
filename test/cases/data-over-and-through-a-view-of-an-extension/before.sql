CREATE SCHEMA reports; CREATE VIEW reports.led AS SELECT 1 AS number; CREATE VIEW reports.top AS SELECT number FROM reports.led;
