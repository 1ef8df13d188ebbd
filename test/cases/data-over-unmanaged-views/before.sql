CREATE SCHEMA reports AUTHORIZATION case_owner;
CREATE VIEW reports.base WITH (security_barrier) AS SELECT 0 AS id, 0::numeric(10,2) AS total, true AS large;
COMMENT ON VIEW reports.base IS 'theirs'; COMMENT ON COLUMN reports.base.total IS 'in all';
