CREATE EXTENSION postgres_fdw; CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw; CREATE SCHEMA proxy; CREATE SCHEMA shop;
CREATE VIEW proxy.a_view AS SELECT 1 AS x; CREATE SEQUENCE proxy.a_sequence; CREATE TABLE proxy.t (x int); CREATE INDEX an_index ON proxy.t (x); CREATE INDEX an_index_too ON proxy.t (x); CREATE SEQUENCE shop.keyed_pkey;
CREATE TYPE proxy.an_enum AS ENUM ('a'); CREATE TYPE proxy.a_composite AS (x int); CREATE DOMAIN shop.a_domain AS int;
CREATE TABLE shop.a_table (x int); CREATE VIEW shop.a_view AS SELECT 1 AS x; CREATE VIEW proxy.a_row AS SELECT 1 AS x;
CREATE TYPE proxy.a_shell;
CREATE DOMAIN proxy.a_multirange AS int; CREATE TYPE proxy.own_name AS (x int); CREATE TYPE proxy.element AS ENUM ('a');
