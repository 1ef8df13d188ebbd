{{SHOP}}
CREATE FOREIGN TABLE public.t (
  first text, last text, n numeric,
  full_name text GENERATED ALWAYS AS (first || ' ' || last) STORED,
  sort text COLLATE "C" GENERATED ALWAYS AS (upper(last)) STORED,
  net numeric(10,2) NOT NULL GENERATED ALWAYS AS ((n / 1.19)) STORED
) SERVER shop;
