CREATE VIEW public.over AS SELECT n FROM shop.numbers; GRANT SELECT ON public.over TO case_reader; CREATE VIEW public.again AS SELECT n FROM public.over;
