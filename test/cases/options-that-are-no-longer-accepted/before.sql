-- The validator becomes strict only once they exist.
CREATE EXTENSION postgres_fdw;
CREATE FUNCTION public.anything(text[], oid) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
CREATE FOREIGN DATA WRAPPER odd VALIDATOR public.anything OPTIONS (level 'high');
CREATE SERVER odd FOREIGN DATA WRAPPER odd OPTIONS (colour 'red');
CREATE USER MAPPING FOR PUBLIC SERVER odd OPTIONS (shoe 'left');
CREATE SCHEMA proxy;
CREATE FOREIGN TABLE proxy.odd (id int CHECK (id > 0)) SERVER odd OPTIONS (size 'small');
CREATE OR REPLACE FUNCTION public.anything(text[], oid) RETURNS bool LANGUAGE plpgsql AS 'BEGIN IF $1 <> ''{}'' THEN RAISE ''invalid option''; END IF; RETURN true; END';
CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (port 'value', host 'a', sslmode 'sometimes');
