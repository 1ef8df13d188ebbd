CREATE VIEW public.over AS SELECT pair, (pair).y FROM shop.pairs; CREATE FUNCTION public.f(types.pair) RETURNS int LANGUAGE sql AS 'SELECT 1';
