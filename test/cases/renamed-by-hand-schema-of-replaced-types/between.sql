CREATE VIEW public.people AS SELECT id, mood FROM proxy.people;
ALTER SCHEMA kinds RENAME TO other;
ALTER SCHEMA proxy RENAME TO elsewhere;
