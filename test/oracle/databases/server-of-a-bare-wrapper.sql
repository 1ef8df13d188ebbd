CREATE FOREIGN DATA WRAPPER nothing;
-- exported:
CREATE SERVER a VERSION '1.0' FOREIGN DATA WRAPPER nothing OPTIONS ("Some Option" 'x', "a.b" '5', "#" ' ');
CREATE USER MAPPING FOR oracle_etl SERVER a;
CREATE FOREIGN TABLE public.t (id integer OPTIONS ("key" 'true')) SERVER a OPTIONS (x '');
