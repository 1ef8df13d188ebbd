{{SHOP}}
CREATE SCHEMA shop;
COMMENT ON SCHEMA shop IS 'yes';
COMMENT ON SCHEMA public IS 'ours now';
COMMENT ON EXTENSION postgres_fdw IS 'our way out';
COMMENT ON SERVER shop IS E'a very long comment that goes on and on, longer than any line that anybody would write in YAML by hand, and then it goes on a bit more\n\n  indented, and with a blank line before\n';
CREATE FOREIGN TABLE shop.t (a integer, b integer) SERVER shop;
COMMENT ON COLUMN shop.t.b IS ' blanks around ';
CREATE MATERIALIZED VIEW shop.v AS SELECT a FROM shop.t WITH NO DATA;
COMMENT ON MATERIALIZED VIEW shop.v IS '0777';
CREATE INDEX v_idx ON shop.v (a);
COMMENT ON INDEX shop.v_idx IS '-';
