CREATE SCHEMA shop; CREATE TABLE shop.t (a int, b int); CREATE STATISTICS shop.stx ON a, b FROM shop.t;
