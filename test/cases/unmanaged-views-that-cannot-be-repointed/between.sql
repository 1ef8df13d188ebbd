CREATE VIEW public.report AS SELECT total FROM shop.orders; CREATE VIEW public.other AS SELECT id FROM shop.orders;
CREATE VIEW public.above AS SELECT total FROM public.report;
CREATE FUNCTION public.first_reports() RETURNS SETOF public.above LANGUAGE sql AS 'SELECT * FROM public.above LIMIT 1';
CREATE VIEW public.broken AS SELECT total + 1 AS more FROM shop.orders;
