{{SHOP}}
CREATE SCHEMA a;
CREATE SCHEMA z;
CREATE FOREIGN TABLE z.orders (id bigint, total numeric(10,2)) SERVER shop OPTIONS (schema_name 'public');
CREATE MATERIALIZED VIEW z.orders_copy AS SELECT * FROM z.orders;
CREATE MATERIALIZED VIEW a.above AS SELECT count(*) AS n FROM z.orders_copy;
CREATE MATERIALIZED VIEW a.aa AS SELECT n FROM a.above UNION ALL SELECT 1;
CREATE UNIQUE INDEX aa_idx ON a.aa (n);
