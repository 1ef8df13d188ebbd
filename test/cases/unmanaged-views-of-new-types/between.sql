CREATE VIEW public.of_view AS SELECT id, mood FROM shop.people;
CREATE VIEW public.of_table AS SELECT mood FROM proxy.people;
CREATE VIEW public.above AS SELECT count(*) AS count, count(mood) AS moods FROM public.of_table;
CREATE VIEW public.ids AS SELECT id FROM proxy.people;
CREATE MATERIALIZED VIEW public.theirs AS SELECT id, mood FROM proxy.people;
