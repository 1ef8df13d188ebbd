CREATE TABLE public.t (id integer PRIMARY KEY);
-- exported:
SELECT;
