CREATE SCHEMA shop; CREATE TABLE shop.t (a int); CREATE INDEX taken ON shop.t (a);
