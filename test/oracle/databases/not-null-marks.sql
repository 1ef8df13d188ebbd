-- since: 18
{{SHOP}}
CREATE FOREIGN TABLE public.t (a integer NOT NULL NO INHERIT, b integer, c integer, d integer NOT NULL) SERVER shop;
ALTER FOREIGN TABLE public.t ADD NOT NULL b NOT VALID, ADD NOT NULL c NO INHERIT NOT VALID;
