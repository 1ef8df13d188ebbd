CREATE FUNCTION public.is_fine(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 > 0';
-- exported:
{{SHOP}}
CREATE FOREIGN TABLE public.t (
  a integer, b text, c jsonb,
  CHECK (a IS NOT NULL), CONSTRAINT "Odd name" CHECK (b LIKE '%(%' OR b ~ '^\d+$'),
  CONSTRAINT f CHECK (public.is_fine(a)), CONSTRAINT j CHECK ((c ->> 'a') IS DISTINCT FROM '${y}'), CONSTRAINT always CHECK (true),
  CONSTRAINT row_wise CHECK (ROW(a, b) <> ROW(1, 'x'::text)), CONSTRAINT listed CHECK (b IN ('a', 'b -- c', '/* d */'))
) SERVER shop;
