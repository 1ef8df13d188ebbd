CREATE SCHEMA base;
CREATE TABLE base.t (id integer PRIMARY KEY, name text);
INSERT INTO base.t VALUES (1, 'one'), (2, 'two');
CREATE VIEW base.v AS SELECT id FROM base.t;
CREATE FUNCTION base.f(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
-- exported:
CREATE MATERIALIZED VIEW public.m AS SELECT t.id, base.f(t.id) AS next, t.name FROM base.t JOIN base.v USING (id);
CREATE MATERIALIZED VIEW base.grouped AS SELECT id, name, count(*) FROM base.t GROUP BY id;
