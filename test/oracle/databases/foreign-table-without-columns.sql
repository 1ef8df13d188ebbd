{{SHOP}}
CREATE FOREIGN TABLE public.nothing () SERVER shop;
