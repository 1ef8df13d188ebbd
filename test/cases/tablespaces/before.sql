DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_tablespace = case_space', current_database()); END $$;
