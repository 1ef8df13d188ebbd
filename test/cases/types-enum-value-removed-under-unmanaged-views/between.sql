CREATE VIEW public.moods AS SELECT id, mood FROM shop.people;
CREATE VIEW public.of_table AS SELECT mood, count(*) AS count FROM proxy.people GROUP BY mood;
CREATE VIEW public.ids AS SELECT id FROM proxy.people WHERE mood = 'ok';
CREATE MATERIALIZED VIEW public.theirs AS SELECT id, mood FROM proxy.people WHERE mood = 'ok';
CREATE INDEX theirs_ok ON public.theirs (mood) WHERE mood = 'ok';
CREATE INDEX added ON shop.people (mood) WHERE mood = 'ok';
COMMENT ON VIEW public.of_table IS 'kept';
