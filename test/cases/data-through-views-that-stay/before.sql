CREATE SCHEMA reports; CREATE VIEW reports.top AS SELECT 1 AS number;
