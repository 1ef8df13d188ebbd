-- since: 18
{{SHOP}}
CREATE FOREIGN TABLE public.t (n numeric, doubled numeric GENERATED ALWAYS AS (n * 2) VIRTUAL) SERVER shop;
