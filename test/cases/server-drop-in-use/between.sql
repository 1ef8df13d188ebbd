CREATE FOREIGN TABLE public.theirs (x int) SERVER shop;
