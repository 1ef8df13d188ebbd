-- Its index moves with it, and stays there: PostgreSQL does not move an index by itself.
ALTER MATERIALIZED VIEW shop.sales SET SCHEMA reports;
