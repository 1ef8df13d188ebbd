CREATE SCHEMA evil; CREATE FUNCTION evil.upper(varchar) RETURNS text LANGUAGE sql AS $$ SELECT 'evil' $$;
CREATE TABLE evil.local (x int); CREATE TABLE public.local (name varchar); INSERT INTO public.local VALUES ('a');
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = evil, pg_catalog', current_database()); EXECUTE format('ALTER DATABASE %I SET quote_all_identifiers = on', current_database());
EXECUTE format('ALTER DATABASE %I SET DateStyle = %L', current_database(), 'German'); END $$;
