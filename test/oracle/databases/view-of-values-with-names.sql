CREATE MATERIALIZED VIEW public.valued (a, b) AS VALUES (1, 'x'), (2, 'y');
