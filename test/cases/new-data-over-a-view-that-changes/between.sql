CREATE SCHEMA reports;
CREATE VIEW reports.base AS SELECT id, total FROM proxy.orders;
CREATE VIEW reports.over_base AS SELECT total FROM reports.base;
