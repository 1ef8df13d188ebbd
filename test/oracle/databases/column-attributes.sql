{{SHOP}}
CREATE FOREIGN TABLE public.t (a integer, b integer) SERVER shop;
ALTER FOREIGN TABLE public.t ALTER COLUMN a SET (n_distinct = -0.5, n_distinct_inherited = 7);
