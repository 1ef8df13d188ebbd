{{SHOP}}
CREATE FOREIGN TABLE public.t (
  a bit(3), b bit varying, c char, d "char", e char(5), f varchar, g timestamp, h time(2) with time zone, i interval year to month,
  j interval(3), k numeric, l numeric(5), m numeric[][], n int4range, p xml, q money, r jsonb, s regclass, t name COLLATE "C", u double precision
) SERVER shop;
