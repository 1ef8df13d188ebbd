CREATE TABLE public.base (x int DEFAULT 1, y text DEFAULT 'a', z text);
CREATE TABLE public.days (x int DEFAULT 1, y text DEFAULT 'a', z text) PARTITION BY LIST (x);
