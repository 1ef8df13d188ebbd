CREATE VIEW public.parts AS SELECT id, (stored).a FROM proxy.people;
