CREATE VIEW public.ids AS SELECT id, mood FROM proxy.people WHERE mood = 'ok';
